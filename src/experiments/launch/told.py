"""What jobs of a study are doing, told by the study while it waits for them: which run, how far
they are, when all will be done, and where their logs are. Jobs leave notes in the folder through
which the study speaks to them, wherever they run.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.file.whole import write_json
from experiments.terminal.line import are, duration, near, number_of, say

NOTE, DONE = "job-{}.json", "done-{}.json"
PAUSES = (30.0, 60.0, 120.0, 300.0, 600.0)  # s before the next word; the last again and again
TAIL, MOST = 4096, 160  # bytes at the end of a log, letters of a line of it
OLD = 120.0  # s after which a line is told with its age
DETAIL = "[DEBUG]"


@contextmanager
def noted(control: Path, name: str, log: Path | None) -> Iterator[None]:
    """While the block runs, the study knows of this job; afterwards how long it took.

    control: that of `launch_all`. name: as people know the job, `job 2 (seed=1)`.
    """
    began, key = time.time(), name.split(" (")[0].replace(" ", "-").replace("/", "-")
    note = control / NOTE.format(key)
    about = {"name": name, "log": str(log) if log else None, "began": began}
    _write(note, about)
    try:
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)
        _write(control / DONE.format(key), {"seconds": time.time() - began})


def _write(path: Path, content: dict[str, Any]) -> None:
    """No run fails because nobody can be told of it, as where the study is gone."""
    with suppress(OSError):
        if path.parent.is_dir():
            write_json(path, content)


@dataclass(frozen=True)
class Told:
    """What a study is called, how many jobs it has to do, and how many at a time, None where a
    cluster decides."""

    title: str
    count: int
    word: str = "run"
    at_once: int | None = None


def lines_of(control: Path, told: Told, now: float) -> list[str]:
    """One line of the whole and one for each job that runs; none before any has begun."""
    running = sorted(_read(control, NOTE), key=lambda note: float(note["began"]))
    if not running:
        return []
    took = [float(done["seconds"]) for done in _read(control, DONE)]
    waiting = max(0, told.count - len(took) - len(running))
    parts = [f"{len(took)} of {number_of(told.count, told.word)} {are(told.count)} done"]
    parts += [f"{len(running)} running", *([f"{waiting} waiting"] if waiting else [])]
    if took:
        mean = sum(took) / len(took)
        left = [max(0.0, mean - (now - float(note["began"]))) for note in running]
        at_once = max(1, told.at_once or len(running))
        rest = max([*left, (sum(left) + waiting * mean) / at_once])
        parts.append(f"about {duration(rest)} to go, as those that are done took {duration(mean)}")
    lines = [f"{told.title}: {', '.join(parts)}"]
    for note in running:
        said = f"  {note['name']}, for {duration(now - float(note['began']))}"
        if note["log"]:
            log = Path(note["log"])
            said += f": {last_line(log, now)}; log: {near(log)}"
        lines.append(said)
    return lines


def last_line(log: Path, now: float) -> str:
    """What a job said last, and when, where that is long ago."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - TAIL))
            text = file.read().decode("utf-8", "replace")
        age = now - log.stat().st_mtime
    except OSError:
        return "nothing said so far"
    lines = [line.strip() for line in text.splitlines() if line.strip() and DETAIL not in line]
    if not lines:
        return "nothing said so far"
    line = lines[-1] if len(lines[-1]) <= MOST else f"{lines[-1][:MOST]} ..."
    return f"{line} ({duration(age)} ago)" if age > OLD else line


@contextmanager
def telling(control: Path, told: Told, pauses: tuple[float, ...] = PAUSES) -> Iterator[None]:
    """Tell now and then what the jobs are doing while the block waits for them."""
    over = threading.Event()

    def tell() -> None:
        turn = 0
        while not over.wait(pauses[min(turn, len(pauses) - 1)]):
            for line in lines_of(control, told, time.time()):
                say(line)
            turn += 1

    thread = threading.Thread(target=tell, name="told", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _read(control: Path, form: str) -> list[dict[str, Any]]:
    found = []
    for path in sorted(control.glob(form.format("*"))):
        with suppress(OSError, ValueError):  # gone, or being written
            found.append(json.loads(path.read_text(encoding="utf-8")))
    return found
