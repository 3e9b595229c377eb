"""How large a picture may be, told from its header before a pixel of it is decoded.

A file of some kilobytes can ask for gigabytes of memory, or for hours: by its size, by tiles that
are larger than the picture, by passes over the pixels without end.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from experiments.file.mapped import unmappable
from experiments.terminal.error import BadInput

MAX_PIXELS = 64_000_000  # of a JPEG that is decoded row by row
MAX_HELD = 32_000_000  # of a picture that is in memory as a whole, and then once more as RGB
MAX_SCANNED = 500_000_000  # pixels of all passes over a JPEG, of which ten are usual
MAX_TILE = 16_000_000  # pixels of a tile of a TIFF
MAX_READ = 256_000_000  # bytes of a JPEG that cannot be mapped
TILE_WIDTH, TILE_LENGTH = 322, 323  # TIFF tags
END, SCAN = 0xD9, 0xDA  # markers of a JPEG
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # without those that stand alone


def require_bounded(image: Image.Image, source: Path | bytes) -> None:
    """Raise `BadInput` for a picture that would take too much memory or time to decode. `source`:
    its file, or the content of one."""
    pixels = image.width * image.height
    if pixels == 0:
        raise BadInput("picture has no pixels")
    limit = MAX_HELD
    if image.format in ("JPEG", "MPO"):
        scans = _scans(source, MAX_SCANNED // pixels)
        limit = MAX_PIXELS if scans == 1 else MAX_HELD
        if scans * pixels > MAX_SCANNED:
            raise BadInput("picture has too many passes")
    elif image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        if tags.get(TILE_WIDTH, 0) * tags.get(TILE_LENGTH, 0) > MAX_TILE:
            raise BadInput("picture has too large tiles")
    if pixels > limit:
        raise BadInput("picture has too many pixels")


@contextmanager
def _content(file: BinaryIO) -> Iterator[mmap.mmap | bytes]:
    """Of a whole file: mapped, or read where it lies on a file system that cannot map files."""
    try:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        if not unmappable(error):
            raise
        content = file.read(MAX_READ + 1)
        if len(content) > MAX_READ:
            raise BadInput("picture has too many bytes to be read without a map") from None
        yield content
        return
    with mapped:
        yield mapped


def _scans(source: Path | bytes, enough: int) -> int:
    """How many times a JPEG passes over its pixels; counting ends above `enough`."""
    if isinstance(source, bytes):
        return _counted(source, enough)
    with source.open("rb") as file, _content(file) as content:
        return _counted(content, enough)


def _counted(content: mmap.mmap | bytes, enough: int) -> int:
    count, place = 0, 2
    while count <= enough and (found := _MARKER.search(content, place)):
        kind, place = content[found.end() - 1], found.end()
        if kind == END:
            break
        place += int.from_bytes(content[place : place + 2], "big")
        count += kind == SCAN
    return count
