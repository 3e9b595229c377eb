"""A report of some runs: `report.html`, `report.csv` and `report.md` in one folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.file.whole import write_text
from experiments.report.answers import answers_of
from experiments.report.member import Member
from experiments.report.origin import require_one_family
from experiments.report.page import Pictures, render
from experiments.report.pictures import captions_of, drawn, draws, hears, sounds_of
from experiments.report.place import require_runs
from experiments.report.plain import csv_text, markdown_text
from experiments.report.record import Arm, Record, arms_of, read
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

OPTIONS: Mapping[str, Any] = {"captions": 6, "resamples": 2000, "confidence": 0.95}


def write_report(
    members: Sequence[Member],
    place: Path,
    title: str,
    question: str | None = None,
    options: Mapping[str, Any] = OPTIONS,
    notes: Sequence[str] = (),
) -> Path:
    """Compare runs, whatever there is of them, and say it in three files; returns the page.

    `options`: the group `report` of the configuration; `notes`: what to know of all of them. What
    runs draw for the page is remembered in their folders. Raises `UserError` where there is no run
    at all, and `NothingToReport` where a page with finished runs would be replaced by one without.
    """
    if not members:
        raise UserError("report: there are no runs to compare; train some first")
    options = {**OPTIONS, **options}
    records = [read(member) for member in members]
    arms = arms_of(records)
    require_one_family(arms)
    answers = answers_of(arms, options)
    require_runs(place, records)
    state = [*state_of(records), *notes]
    pictures = _pictures(arms, int(options["captions"]))
    confidence = float(options["confidence"])
    place.mkdir(parents=True, exist_ok=True)
    write_text(place / "report.csv", csv_text(records))
    write_text(
        place / "report.md", markdown_text(title, question, state, arms, answers, confidence)
    )
    page = render(title, question, state, arms, answers, pictures, confidence)
    return write_text(place / "report.html", page)


def state_of(records: Sequence[Record]) -> list[str]:
    """How many runs are finished, and what became of the others."""
    count = {key: sum(record.state == key for record in records) for key in STATES}
    runs = f"{len(records)} runs" if len(records) > 1 else "1 run"
    told = (
        "1 run, finished"
        if len(records) == 1 == count["finished"]
        else (f"{count['finished']} of {runs} finished")
    )
    others = [
        f"{number} {words}" for key, words in STATES.items() if (number := count[key]) and words
    ]
    lines = [told + (f"; {', '.join(others)}: reasons below" if others else "") + "."]
    trials: dict[str, int] = {}
    for record in records:
        if record.debug:
            trials[record.debug] = trials.get(record.debug, 0) + 1
    for name, number in trials.items():
        some = (
            "These are trials" if number == len(records) else f"{number_of(number, 'run')} of trial"
        )
        lines.append(
            f"{some} (debug={name}): too small and too short for their scores to mean anything."
        )
    return lines


STATES = {
    "finished": "",
    "failed": "failed",
    "stopped": "stopped or still running",
    "missing": "not started",
}


def _pictures(arms: Sequence[Arm], count: int) -> Pictures:
    drawing = [arm for arm in arms if draws(arm)]
    captions = captions_of(arms, count)
    if not drawing:
        return Pictures([], {}, "These runs draw no pictures.")
    if not captions:
        note = "No run kept the captions of its sample sheets (samples/captions.json)."
        return Pictures([], {}, note)
    heard = sounds_of(drawing, captions) if any(map(hears, drawing)) else []
    made = {arm.index: drawn(arm, captions, heard) for arm in drawing}
    return Pictures(captions, made, sounds=[path.read_bytes() for path in heard])
