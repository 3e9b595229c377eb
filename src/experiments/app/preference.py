"""What a person liked better, as one JSON line, which `task=human_rank` reads
(`human/preference.py`)."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from experiments.app.about import About
from experiments.app.refusal import Refused
from experiments.app.wish import Drawing
from experiments.human.preference import LIMIT
from experiments.terminal.error import reason_of

_WRITING = threading.Lock()


def line_of(
    drawings: Sequence[Drawing], choice: int | None, abouts: Mapping[str, About], hidden: bool
) -> dict[str, object]:
    """What stands in the line. `choice`: which of the drawings, None for none of them. `hidden`:
    who chose was not told which models they are. Raises `Refused` where they are not of one
    wish."""
    if len(drawings) < 2:
        raise Refused("preference: compare two models or more")
    if choice is not None and not 0 <= choice < len(drawings):
        raise Refused(f"preference: there are {len(drawings)} to choose from")
    first = drawings[0].wish
    if any((d.wish.caption, d.wish.seed) != (first.caption, first.seed) for d in drawings):
        raise Refused("preference: these are of several captions or seeds; compare them again")
    runs = [abouts[drawing.model].run for drawing in drawings]
    if len(set(runs)) < len(runs):
        raise Refused("preference: a run is compared with itself")
    return {
        "caption": first.caption,
        "seed": first.seed,
        "runs": runs,
        "models": [drawing.model for drawing in drawings],
        "choice": None if choice is None else runs[choice],
        "hidden": hidden,
        # To the millisecond: equal lines count once, and two people may click in one second.
        "time": datetime.now().astimezone().isoformat(timespec="milliseconds"),
    }


def append(path: Path, line: Mapping[str, object]) -> None:
    """One line at the end of the file: whole, whoever else writes there. Raises `Refused` where it
    cannot be, and for a file that has grown beyond what is read."""
    content = (json.dumps(line, ensure_ascii=False) + "\n").encode()
    try:
        with _WRITING:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                if os.fstat(descriptor).st_size + len(content) > LIMIT:
                    raise Refused(
                        f"preference: {path.name} is full; whoever serves this page moves it away"
                    )
                os.write(descriptor, content)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise Refused(f"preference: could not be kept ({reason_of(error)})") from None
