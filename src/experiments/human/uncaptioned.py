"""Studies of clips that no words are asked for: of pictures that they begin with, or of noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.data.record import CLIP, Record
from experiments.human.record import Known, known_of_runs
from experiments.sample.filmed import CAPTIONED, NOISE, Way, films
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

CAPTION, PICTURE = "caption", "picture"
Items = tuple[list[str], list[Record], Known | None, list[Record], list[str]]


def have_clips(runs: Sequence[Path]) -> bool:
    """Whether all runs make clips. Raises `UserError` where some do, and others not."""
    found = {bool(films(place)): place for place in runs}
    if len(found) > 1:
        raise UserError(
            f"run={found[True]}: makes clips, and {found[False]} makes none; name runs of one kind"
        )
    return True in found


def asked_by(runs: Sequence[Path]) -> str:
    """What clips of all runs can be asked by: a caption, else a picture, else noise. Raises
    `UserError` where these differ."""
    ways = [set(films(place)) for place in runs]
    kinds: dict[str, list[Way]] = {
        CAPTION: [(name,) for name in CAPTIONED],
        PICTURE: [(PICTURE,)],
        NOISE: [()],
    }
    for kind, own in kinds.items():
        if all(way & set(own) for way in ways):
            return kind
    raise UserError(
        f"run: {', '.join(map(str, runs))} make clips of different things, or of more than one at "
        "once; name runs that are asked by captions, by pictures or by nothing"
    )


def items_of(config: Mapping[str, Any], runs: Sequence[Path], kind: str, beside: bool) -> Items:
    """Names of what is asked; the records whose pictures clips begin with; who opens them; the
    records whose own clips stand `beside`; and lines for the user."""
    options, wanted, seed = config["sample"], int(config["human"]["captions"]), int(config["seed"])
    given = [key for key in ("file", "speech", "voice") if options[key] is not None]
    if config["text"] or given:
        key = "text" if config["text"] else f"sample.{given[0]}"
        raise UserError(f"{key}: these runs are not told captions; leave it away")
    if kind == NOISE and not beside:
        return [f"clips {number + 1}" for number in range(wanted)], [], None, [], []
    known = known_of_runs(list(runs), Path(config["paths"]["cache"]), CLIP)
    records = known.moving(wanted, seed, kind == PICTURE)
    if not records:
        raise UserError("run: no record of their test split can be used here")
    there = number_of(len(known.records), "record", ",")
    notes = [f"{len(records):,} of {there} of the test split"]
    if kind == PICTURE:
        return [r.key for r in records], records, known, records if beside else [], notes
    return [f"clips {number + 1}" for number in range(len(records))], [], known, records, notes
