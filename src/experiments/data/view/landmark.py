"""Points of faces as a view, of a file that the user has: where eyes, nose, mouth and outline are.

The file is JSON, {"key of a record": [[x, y], ...], ...}: shares of the width and of the height of
the picture as it is stored, from the left and from the top. How they were found is the user's
matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from experiments.data.record import Reader, Record
from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.data.view.base import Part, StoredView
from experiments.file.bounded import read_bounded
from experiments.file.digest import known_sha256
from experiments.file.parse import parse_json
from experiments.terminal.error import BadInput, UserError

LANDMARKS = "landmarks"
LARGEST = 2**30  # bytes: 72 points of 700,000 faces


@dataclass(frozen=True, eq=False)
class Landmarks(Part):
    """The points of each face."""

    points: Tensor  # float32 (B, P, 2): x to the right and y down, from -1 to 1


class LandmarkView(StoredView):
    """`count` points of every record's face, which belong to whole pictures of `side` px: neither
    cut at random nor mirrored."""

    name = LANDMARKS

    def __init__(self, file: str, count: int, side: int) -> None:
        self.file, self.count, self.side = file, count, side

    def settings(self) -> dict[str, Any]:
        table(self.file)  # what is wrong with it is told once
        return {"file": known_sha256(Path(self.file)), "count": self.count}

    def items(self, reader: Reader, record: Record) -> Sequence[np.ndarray]:
        """(P, 2) as the file has them. Raises `BadInput` for a record without them."""
        given = table(self.file).get(record.key)
        if given is None:
            raise BadInput("no landmarks")
        try:
            points = np.asarray(given, np.float32)
        except (TypeError, ValueError):
            points = np.zeros(0, np.float32)
        if points.shape != (self.count, 2):
            raise BadInput(f"landmarks that are not {self.count} pairs of numbers")
        if not (np.isfinite(points).all() and (points >= 0).all() and (points <= 1).all()):
            raise BadInput("landmarks outside of the picture")
        return [points]

    def open(
        self, dataset: Dataset, split: Split, device: torch.device | str = "cpu", quiet: bool = True
    ) -> Self:
        """Raises `UserError` where pictures are cut or mirrored: points would have to follow."""
        if dataset.flip or dataset.size != self.side:
            raise UserError(
                f"{LANDMARKS}: they belong to whole pictures as they are; set data.margin=1 and "
                "data.flip=false"
            )
        return super().open(dataset, split, device, quiet)

    def take(self, choice: Any) -> Landmarks:
        points = self.stored.stacked(self.stored.first(choice["rows"]))
        return Landmarks(torch.from_numpy(points))

    def ready(self, part: Part, layout: torch.memory_format = torch.contiguous_format) -> Landmarks:
        assert isinstance(part, Landmarks)
        return Landmarks(part.points.float() * 2 - 1)

    def blank(self, count: int, data: Any) -> Landmarks:
        return Landmarks(torch.empty(count, self.count, 2))


@lru_cache(maxsize=1)
def table(file: str) -> dict[str, Any]:
    """What the file says of each key. Raises `UserError` for one that is no such file."""
    try:
        found = parse_json(read_bounded(Path(file), LARGEST), strict=True)
    except ValueError as error:
        raise UserError(f"{LANDMARKS}={file}: is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise UserError(f'{LANDMARKS}={file}: must be {{"key": [[x, y], ...], ...}}')
    return found
