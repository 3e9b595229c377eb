"""What was seen in real pictures, kept beside the data: every run with the same data, encoders and
extractors finds it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from experiments.data.store.dataset import Dataset
from experiments.encoder.text_image import TextImageEncoder
from experiments.file.array import load_arrays, save_arrays
from experiments.machine.rank import Ranks
from experiments.metric.rows import Rows, gathered
from experiments.terminal.error import UserError
from experiments.terminal.line import say

FORMAT = 1  # of what is kept; raising it leaves older files unused


@dataclass(frozen=True)
class Subject:
    """What is scored, and the encoders that look at it, by the name of their scores."""

    system: Any
    dataset: Dataset
    encoders: dict[str, TextImageEncoder]
    ranks: Ranks


class Kept:
    """Rows of real pictures, the last of each kind also in memory."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Path, Rows]] = {}

    def rows(
        self,
        subject: Subject,
        kind: str,
        key: Iterable[Any],
        count: int,
        look: Callable[[], Iterable[Rows]],
    ) -> Rows:
        """The rows of `count` pictures, of all processes, on the CPU. `key`: all that decides them;
        `look` gives those of this process, where nothing is kept. All processes call it together.
        """
        digest = hashlib.sha256(json.dumps(list(key)).encode()).hexdigest()[:16]
        path = subject.dataset.folder / "scores" / f"{kind}-{digest}.npz"
        last = self._last.get(kind)
        if last is not None and last[0] == path:
            return last[1]
        found: Rows | None = None
        try:
            found = _read(path, count) if path.exists() else None
        except UserError as error:
            say(str(error))
        if subject.ranks.any(found is None):  # all processes look, or none
            parts = list(look())
            found = gathered({name: torch.cat([p[name] for p in parts]) for name in parts[0]})
            if subject.ranks.main:
                try:
                    save_arrays(path, {name: rows.numpy() for name, rows in found.items()})
                except OSError as error:
                    say(f"{path}: not kept ({error}); the next evaluation looks again")
        assert found is not None
        self._last[kind] = (path, found)
        return found


def _read(path: Path, count: int) -> Rows:
    """What was kept of so many pictures. Raises `UserError` for a file that is something else."""
    arrays = load_arrays(path)
    seen = any(name.startswith("features/") for name in arrays)
    if not seen or any(len(rows) != count for rows in arrays.values()):
        raise UserError(f"{path} holds no extracted features: delete it")
    return {name: torch.from_numpy(rows) for name, rows in arrays.items()}
