"""What a run folder shows: how far it came, whether two are the same, what was left lying about."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from experiments.file.tensor import Damaged
from experiments.run import checkpoint
from experiments.run.folder import by_images, images_of
from experiments.run.stats import StatsFile

MEASURED = {
    "seconds",
    "images_per_second",
    "waiting",
    "peak_memory",
    "energy",
}  # differ from run to run
LEFT_OVER = ("*.partial", ".*.partial", "*.tmp", ".*.tmp")


@dataclass(frozen=True)
class Result:
    """What a finished run is: equal for equal runs."""

    state: dict[str, Any]
    weights: dict[str, Any]
    lines: list[dict[str, Any]]
    samples: dict[str, str]
    scores: dict[str, Any]


def runs_in(outputs: Path) -> dict[str, Path]:
    """The run folders, by `<model>-<data>/<id>`."""
    found = (path.parent for path in outputs.glob("*/*/.lock") if path.parents[1].name != "cache")
    return {str(run.relative_to(outputs)): run for run in sorted(found)}


def result_of(run: Path) -> Result:
    """Reads everything, checksums included."""
    samples = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((run / "samples").glob("*.png"))
    }
    return Result(
        checkpoint.read(by_images(run, "checkpoints")[0]),
        checkpoint.read(by_images(run, "weights")[0]),
        [
            {k: str(v) for k, v in line.items() if k not in MEASURED}
            for line in StatsFile.read(run / "stats.jsonl")
        ],
        samples,
        json.loads((run / "scores.json").read_text()) if (run / "scores.json").exists() else {},
    )


def differences(ours: Result, theirs: Result) -> list[str]:
    """Each part in which two runs are not bit for bit the same."""
    found = [
        f"{part} differ at {where}"
        for part in ("state", "weights")
        if (where := _unequal(getattr(ours, part), getattr(theirs, part))) is not None
    ]
    if ours.lines != theirs.lines:
        images = [[line["images"] for line in result.lines] for result in (ours, theirs)]
        found.append(f"statistics differ: lines at {images[0]}, undisturbed {images[1]}")
        if images[0] == images[1]:
            keys = {
                key
                for one, other in zip(ours.lines, theirs.lines, strict=True)
                for key in one.keys() | other.keys()
                if one.get(key) != other.get(key)
            }
            found[-1] += f"; values of {', '.join(sorted(keys)[:5])}"
    if ours.samples != theirs.samples:
        names = ours.samples.keys() | theirs.samples.keys()
        wrong = [
            name for name in sorted(names) if ours.samples.get(name) != theirs.samples.get(name)
        ]
        found.append(f"samples differ: {', '.join(wrong)}")
    if ours.scores != theirs.scores:
        found.append("scores differ")
    return found


def _unequal(left: Any, right: Any, where: str = "") -> str | None:
    """The first place at which two states differ, or None."""
    if isinstance(left, dict) and isinstance(right, dict):
        if list(left) != list(right):
            return f"{where} (keys)"
        pairs = [(f"{where}/{key}", left[key], right[key]) for key in left]
    elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) != len(right):
            return f"{where} (length)"
        pairs = [(f"{where}/{k}", *pair) for k, pair in enumerate(zip(left, right, strict=True))]
    elif isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor):
        same = left.dtype == right.dtype and torch.equal(left, right)
        return None if same else where
    else:
        return None if left == right or (left != left and right != right) else where
    return next((found for place, *pair in pairs if (found := _unequal(*pair, place))), None)


def reached(run: Path) -> int:
    """Images that it is known to have seen: by its statistics, its samples and its checkpoints."""
    seen = [line["images"] for line in StatsFile.read(run / "stats.jsonl")]
    for kind in ("checkpoints", "weights"):
        seen += [images_of(path) for path in by_images(run, kind)]
    seen += [images_of(path) for path in (run / "samples").glob("images-*.png")]
    return max(seen, default=0)


def resumed(text: str) -> dict[str, int]:
    """Where each run went on that a command trained, by `<model>-<data>/<id>`."""
    told = re.findall(r"^(\S+) ([0-9a-f]{10}): from (the start|\d+ images) to ", text, re.M)
    return {
        f"{name}/{key}": 0 if start == "the start" else int(start.split()[0])
        for name, key, start in told
    }


def damaged(run: Path) -> list[Path]:
    """Checkpoints and weights that are not whole."""
    found = []
    for path in [*by_images(run, "checkpoints"), *by_images(run, "weights")]:
        try:
            checkpoint.read(path)
        except Damaged:
            found.append(path)
    return found


def left_over(*places: Path) -> list[str]:
    """Half-written files, folders of launchers, and locks that are held."""
    torn = {path for place in places for ending in LEFT_OVER for path in place.rglob(ending)}
    found = sorted(map(str, torn))
    found += [str(path) for place in places for path in place.glob("birdsong-job-*")]
    for place in places:
        for lock in place.glob("*/*/.lock"):
            if is_held(lock):
                found.append(f"{lock} is held")
            elif lock.read_text():
                found.append(f"{lock} still says {lock.read_text()!r}")
    return found


def is_held(lock: Path) -> bool:
    """Whether a process holds a lock."""
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def processes(token: str, sessions: set[int]) -> Iterator[tuple[int, str]]:
    """(id, command) of the living processes that belong to a case: their environment has its token,
    or they are of a session that it started."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            environment = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_text().replace("\0", " ").strip()
        except OSError:  # it ended, or is another user's
            continue
        if int(entry.name) == os.getpid() or status[0] == "Z":
            continue
        if int(status[3]) in sessions or token.encode() in environment:
            yield int(entry.name), command
