"""What a service was told of a run by the processes before this one: `tracked.json` in its folder.

A run that ends without saving goes on from its last checkpoint and meets again what it had logged
beyond. The files in the run folder forget that; a service cannot, so it is not told twice. But a
service writes some seconds after it was told, and what it was told last before a process is killed
may be lost: that it is told again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from experiments.file.kind import is_name, is_whole, mapped, shaped
from experiments.file.parse import parse_json
from experiments.file.whole import write_json

TRACKED = "tracked.json"
_ABOUT = ("url", "project")  # what is needed to look at it
_MEMORIES = mapped(
    shaped({"id": is_name, "images": mapped(is_whole)} | dict.fromkeys(_ABOUT, is_name))
)
SETTLED = 60.0  # s; W&B writes an offline run every 15, later on a busy machine


class Memory:
    """The id of a run at one service, and up to which images each of its charts goes there."""

    about: dict[str, str]  # of `_ABOUT`

    def __init__(self, folder: Path, service: str, run_id: str, given: str | None = None) -> None:
        """run_id: the run's own. given: another that the run has to take; it is remembered, and
        what the id of before was told is forgotten."""
        self.path, self.service = folder / TRACKED, service
        known = _read(self.path).get(service, {})
        before = str(known.get("id", run_id))
        self.id = given or before
        self._before: dict[str, int] = dict(known.get("images", {})) if self.id == before else {}
        same = self.id == before  # what another run was told, and where it is seen, is forgotten
        self.about = {name: str(known[name]) for name in _ABOUT if same and name in known}
        self._sure = dict(self._before)
        self._recent: list[tuple[float, list[str], int]] = []

    def new(self, names: Iterable[str], images: int) -> list[str]:
        """Those names that no process before has logged at so many images or later."""
        return [name for name in names if images > self._before.get(name, -1)]

    def add(self, names: Iterable[str], images: int) -> None:
        """Remember that they were logged, once that is sure."""
        self._recent.append((time.monotonic(), list(names), images))
        if self._settle(time.monotonic() - SETTLED):
            self.save()

    def close(self) -> None:
        """The service has closed the run: it has all that it was told."""
        self._settle(float("inf"))
        self.save()

    def _settle(self, until: float) -> bool:
        done = [entry for entry in self._recent if entry[0] <= until]
        for _, names, images in done:
            self._sure |= dict.fromkeys(names, images)
        self._recent = self._recent[len(done) :]
        return bool(done)

    def save(self) -> None:
        """Into the folder, beside what other services were told."""
        mine = {"id": self.id, "images": self._sure, **self.about}
        content = _read(self.path) | {self.service: mine}
        write_json(self.path, content)


def remembered(folder: Path) -> dict[str, Any]:
    """What is remembered of each service, by its name."""
    return _read(folder / TRACKED)


def begin_again(before: Path, folder: Path) -> None:
    """What a service was told of the run that moved to `before` stays there: that which begins anew
    in `folder` is another run to it, named by where the first one is now."""
    services = _read(before / TRACKED)
    if services:
        new = {service: {"id": before.name, "images": {}} for service in services}
        write_json(folder / TRACKED, new)


def _read(path: Path) -> dict[str, Any]:
    """Empty where there is none, or none that can be read: a chart with a line twice at worst."""
    try:
        content = parse_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if _MEMORIES(content) else {}
