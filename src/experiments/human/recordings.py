"""Recordings that people hear above pictures, and runs that listen are told (`sample.speech`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.human.captions import chosen
from experiments.human.key import Run
from experiments.run.fact import hears_run
from experiments.sample.asked import Asked
from experiments.sample.request import drawing_of
from experiments.terminal.error import UserError


def recordings(
    drawing: Mapping[str, Any], runs: Sequence[Run], wanted: int, seed: int
) -> tuple[list[Asked], list[str]]:
    """So many of them at random, and of captions beside them that `sample.voice` says; and lines
    for the user. Raises `UserError` for a run that reads, and for what nobody can hear."""
    for run in runs:
        if not hears_run(run.folder):
            raise UserError(
                f"sample.speech: run={run.folder} reads captions, and hears nothing; compare runs "
                "that listen, or give all of them captions: sample.file=captions.txt "
                "sample.voice=espeak/f3"
            )
    # How much of a recording is heard is all in which runs differ, and is of the first here.
    first = drawing_of({**drawing, "run": str(runs[0].folder)})
    asked = {one.label: one for one in first.asked}
    labels = chosen(list(asked), wanted, seed)
    few = f"{wanted:,} of {len(asked):,} {first.kind}, drawn by seed={seed}"
    notes = [*first.notes, *([few] if len(labels) < len(asked) else [])]
    return [asked[label] for label in labels], notes
