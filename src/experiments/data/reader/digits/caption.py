"""What is said of moving digits.

Wordings: `tgans_c`, that of the figures of TGANs-C (Pan 2017); `sync_draw`, that of the released
captions of Sync-DRAW, slips included, but with the axes that are true; `directed`, that of a
thesis's variant, which says from which wall to which a digit goes first; `paraphrase`, this
project's: five sentences a clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from experiments.data.reader.digits.motion import DIRECTED

Wording = Literal["tgans_c", "sync_draw", "directed", "paraphrase"]
FROM_TO = {
    "right first": "left and right",
    "left first": "right and left",
    "down first": "top and bottom",
    "up first": "bottom and top",
}
# Of a motion that is no axis: after "is moving", and after "is".
OTHERS = {
    "diagonal": ("moving diagonally", "on a diagonal"),
    "circle": ("moving in a circle", "in a circle"),
    "still": ("standing still", "still"),
}
# {d}: the digit with its colours, {m}: its motion with the verb.
SENTENCES = (
    "{d} is {m}.",
    "the {d} is {m}.",
    "this is {d}, {m}.",
    "here {d} keeps {m}.",
    "{d} can be seen {m}.",
)
VERBS = ("moving", "bouncing", "going")


@dataclass(frozen=True)
class Seen:
    """A digit of a clip: what it is and does, and its colour, "" where all are grey."""

    digit: int
    motion: str
    colour: str = ""

    @property
    def name(self) -> str:
        return f"{self.colour} digit {self.digit}".strip()


def write_captions(seen: Sequence[Seen], wording: Wording, background: str = "") -> tuple[str, ...]:
    """The captions of a clip of one or two digits. background: its colour, "" for black.

    `directed` needs motions that name a direction.
    """
    behind = f" on {background}" if background else ""
    if wording == "sync_draw":
        if len(seen) == 1:
            return (f"the digits {_bare(seen[0])} is {moving(seen[0].motion)}{behind} .",)
        return (" and ".join(f"{one.name} is {being(one.motion)}" for one in seen) + f"{behind} .",)
    if wording == "directed":
        return (" and ".join(f"{s.name} is {FROM_TO[s.motion]}" for s in seen) + f"{behind}.",)
    if wording == "paraphrase":
        return _paraphrases(seen, behind)
    if len(seen) == 1:
        return (f"{seen[0].name} is {moving(seen[0].motion)}{behind}.",)
    return (" and ".join(f"{one.name} is {being(one.motion)}" for one in seen) + f"{behind}.",)


def moving(motion: str, verb: str = "moving") -> str:
    """`moving up and down`, `moving up and down, first up`, `moving in a circle`."""
    if motion in OTHERS:
        said = OTHERS[motion][0]
        return said.replace("moving", verb) if said.startswith("moving") else said
    return f"{verb} {being(motion)}"


def being(motion: str) -> str:
    """`up and down`; what two digits are, without a verb, as published."""
    if motion in OTHERS:
        return OTHERS[motion][1]
    if motion in DIRECTED:
        return f"{DIRECTED[motion][0]}, {' '.join(reversed(motion.split()))}"
    return motion


def _bare(one: Seen) -> str:
    return f"{one.colour} {one.digit}".strip()


def _paraphrases(seen: Sequence[Seen], behind: str) -> tuple[str, ...]:
    """One of each sentence; verbs take turns, each digit's in its own way."""
    found = []
    for number, sentence in enumerate(SENTENCES):
        parts = []
        for place, one in enumerate(seen):
            verb = VERBS[(number + place) % len(VERBS)]
            plain = sentence if place == 0 else SENTENCES[0]
            parts.append(plain.format(d=one.name, m=moving(one.motion, verb)).rstrip("."))
        found.append(" and ".join(parts) + f"{behind}.")
    return tuple(found)
