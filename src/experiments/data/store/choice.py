"""Which of three ways keeps the pictures of a data set, by their size and the disk that is free.

pixels: uint8 squares, mapped (`picture.py`). encoded: the same squares as JPEG, decoded for every
batch (`encoded.py`). stream: nothing; they are read where they lie (`streamed.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from experiments.terminal.error import UserError
from experiments.terminal.line import amount

StoreName = Literal["pixels", "encoded", "stream"]
STORES: Sequence[StoreName] = get_args(StoreName)
PER_PIXEL = {"pixels": 3.0, "encoded": 0.75, "stream": 0.0}  # bytes; JPEG: of grainy photographs
FREE = 0.8  # share of the free disk that pictures may take unasked


def bytes_of(store: StoreName, count: int, size: int) -> int:
    """What so many pictures of `size` px take beside the data: exact for pixels, for JPEG about."""
    return round(PER_PIXEL[store] * count * size**2)


def weight_of(store: str, count: int, size: int) -> int:
    """Bytes of the pictures themselves, wherever they lie: files that are streamed are about as
    large as JPEG of the size that is wanted."""
    name: StoreName = "pixels" if store in ("", "pixels") else "encoded"
    return bytes_of(name, count, size)


def require_store(name: str | None) -> StoreName | None:
    """The name, checked: `data.store` is no option with a type of its own."""
    if name is not None and name not in STORES:
        raise UserError(f"data.store={name}: must be one of {', '.join(STORES)}, or null")
    return name  # type: ignore[return-value]


def chosen(count: int, size: int, folder: Path) -> tuple[StoreName, str]:
    """The first of the three for which there is room, and why it is not the first of all, "" where
    it is. `folder`: on the disk that counts; it need not be there yet."""
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    fits = (name for name in STORES if bytes_of(name, count, size) <= FREE * free)
    name = next(fits)
    if name == "pixels":
        return name, ""
    pixels = amount(bytes_of("pixels", count, size))
    return name, f"pixels would take {pixels}, and {amount(free)} are free"
