"""Does a clip show what its caption states? Each attribute by itself, and all of them together.

A network answers, and it errs. So an attribute is reported only where that network reads it right
in real clips; of the others it is said that they are not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from experiments.metric.attribute import attribute_chance, attribute_hits
from experiments.metric.result import Scored
from experiments.metric.rows import RowScore
from experiments.metric.scores import ATTRIBUTES
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

LEAST = 0.95  # of real clips a network has to read an attribute right
JOINT, MEAN = "joint", "mean"
CHUNK = 256


class ClipAttributes(RowScore):
    """What a network takes clips to show, and what they are to show.

    `compute` gives (predicted, stated, known), int64 (n, A) of all processes: it raises `UserError`
    where there was no clip.
    """

    kept = ("predicted", "stated", "known")

    def update(self, predicted: Tensor, stated: Tensor, known: Tensor) -> None:
        """A batch, int64 (B, A) each: what is read in a clip, -1 where nothing is; what is asked
        for, -1 where nothing is said; and what the record is."""
        self.keep(predicted, stated, known)

    def compute(self) -> tuple[Tensor, Tensor, Tensor]:
        predicted, stated, known = self.rows()
        if not len(stated):
            raise UserError("nothing read the attributes of clips")
        return predicted, stated, known


@dataclass
class Alignment:
    """Scores of what clips show. names: of the attributes, in the order of the columns. colours:
    those averaged as "colour". least: what a network has to read right of real clips."""

    names: Sequence[str]
    colours: Collection[str] = ()
    least: float = LEAST
    unread: dict[str, float] = field(default_factory=dict)  # not reported: right in real clips

    def scored(
        self, real: tuple[Tensor, Tensor, Tensor], made: tuple[Tensor, Tensor, Tensor]
    ) -> Scored:
        """Of what `ClipAttributes` gave of real clips and of made ones.

        Every attribute that some caption states and the network reads, the averages of `groups`,
        and "joint", the share of clips that show all that is stated of these: each beside `/real`
        and `/chance`. The others are in `skipped`, with how often they are read right.
        """
        found = Scored()
        right = attribute_hits(*real[:2])
        hits = attribute_hits(*made[:2])
        of_real, of_made = (
            {name: _mean(column) for name, column in zip(self.names, each.unbind(1), strict=True)}
            for each in (right, hits)
        )
        chance = attribute_chance(made[1], self.names)
        used = list[str]()
        self.unread = {}
        for name in self.names:
            if of_made[name] is None or of_real[name] is None:
                found.skipped[f"{ATTRIBUTES}/{name}"] = "nothing that was asked for states it"
            elif (share := of_real[name]) < self.least:  # type: ignore[operator]
                self.unread[name] = share  # type: ignore[assignment]
                found.skipped[f"{ATTRIBUTES}/{name}"] = (
                    f"read right in {100 * share:.1f} % of real clips, below "  # type: ignore[operator]
                    f"{100 * self.least:g} %"
                )
            else:
                used.append(name)
        if not used:
            return found
        columns = [list(self.names).index(name) for name in used]
        values: dict[str, tuple[float, float, float]] = {
            name: (of_made[name], of_real[name], chance[name])  # type: ignore[misc]
            for name in used
        }
        for name, of in groups(used, self.colours).items():
            three = zip(*(values[one] for one in of), strict=True)
            values[name] = tuple(sum(each) / len(of) for each in three)  # type: ignore[assignment]
            found.averages[f"{ATTRIBUTES}/{name}"] = [f"{ATTRIBUTES}/{one}" for one in of]
        together = joint_hits(hits[:, columns])
        by_chance = joint_chance(made[1][:, columns], made[2][:, columns])
        shares = _mean(together), _mean(joint_hits(right[:, columns])), by_chance
        values[JOINT] = shares  # type: ignore[assignment]
        for name, (made_share, real_share, by_luck) in values.items():
            key = f"{ATTRIBUTES}/{name}"
            found.scores |= {key: made_share, f"{key}/real": real_share, f"{key}/chance": by_luck}
        for name, column in zip(used, columns, strict=True):
            found.columns[f"{ATTRIBUTES}/{name}"] = hits[:, column]
        found.columns[f"{ATTRIBUTES}/{JOINT}"] = together
        return found

    @property
    def told(self) -> str | None:
        """A line about what is not reported; None: all is."""
        if not self.unread:
            return None
        each = ", ".join(f"{name} {100 * share:.1f} %" for name, share in self.unread.items())
        return (
            f"{ATTRIBUTES}: {len(self.unread)} of {number_of(len(self.names), 'attribute')} are "
            "not reported, "
            f"since the classifier reads them right in less than {100 * self.least:g} % of real "
            f"clips: {each}"
        )


def groups(names: Sequence[str], colours: Collection[str] = ()) -> dict[str, list[str]]:
    """What averages are of: "mean" of all, "colour" of the colours, and "digit" of `digit_a` and
    `digit_b`, where there are several of one stem."""
    found = {MEAN: list(names)}
    if coloured := [name for name in names if name in colours]:
        found["colour"] = coloured
    stems: dict[str, list[str]] = {}
    for name in names:
        stem, _, letter = name.rpartition("_")
        if stem and len(letter) == 1:
            stems.setdefault(stem, []).append(name)
    taken = {*names, *found}
    return found | {s: of for s, of in stems.items() if len(of) > 1 and s not in taken}


def joint_hits(hits: Tensor) -> Tensor:
    """(n,) float64 of `attribute_hits` (n, A): 1 where a clip shows all that is stated of it, NaN
    where nothing is."""
    some = (~hits.isnan()).any(1)
    return (~(hits == 0).any(1)).double().masked_fill(~some, torch.nan)


def joint_chance(stated: Tensor, known: Tensor) -> float:
    """How often a clip of another record, drawn at random with replacement, shows all that is
    stated of one: stated and known (n, A) int64, -1 where nothing is stated."""
    total = count = 0
    for rows in stated.split(CHUNK):
        asked = rows[(rows >= 0).any(1)]
        agree = (asked[:, None] == known[None]) | (asked[:, None] < 0)
        total += int(agree.all(2).sum())
        count += len(asked) * len(known)
    return total / count if count else float("nan")


def _mean(column: Tensor) -> float | None:
    """Of what counts; None where nothing does."""
    known = column[~column.isnan()]
    return known.mean().item() if len(known) else None
