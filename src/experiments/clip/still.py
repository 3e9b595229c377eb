"""Single pictures in files: the frames of a film that lies in a folder."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from experiments.clip.bound import BOUNDS, require_size
from experiments.file.name import plain
from experiments.file.whole import aside
from experiments.terminal.error import BadInput, UserError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
KINDS = {"png": {}, "jpg": {"quality": 95}}  # that are written


def read_still(path: Path) -> np.ndarray:
    """uint8 (H, W, 3), upright. Raises `BadInput` for what is no picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                require_size(*image.size, BOUNDS)
                upright = ImageOps.exif_transpose(image)
                return np.array(upright.convert("RGB"), np.uint8)
    except (BadInput, MemoryError):
        raise
    except Exception as error:  # decoders raise whatever a broken file leads them to
        raise BadInput(f"no picture, or a broken one ({type(error).__name__})") from None


def write_still(path: Path, pixels: np.ndarray) -> Path:
    """uint8 (H, W, 3) as its suffix says; whole or not at all."""
    kind = path.suffix[1:]
    with aside(path) as partial:
        Image.fromarray(pixels).save(
            partial, "JPEG" if kind == "jpg" else kind.upper(), **KINDS.get(kind, {})
        )
    return path


def stills_of(folder: Path) -> list[Path]:
    """The pictures of a folder, by the numbers in their names. Raises `UserError` without any."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise UserError(f"{plain(folder)}: cannot be read ({error.strerror})") from None
    if not paths:
        kinds = ", ".join(suffix[1:] for suffix in SUFFIXES)
        raise UserError(f"{plain(folder)}: no picture ({kinds}) in it")
    return sorted(paths, key=_natural)


def read_all(paths: list[Path]) -> Iterator[np.ndarray]:
    """Each, all of the size of the first. Raises `UserError` with the name of one that is not."""
    size: tuple[int, ...] | None = None
    for path in paths:
        try:
            pixels = read_still(path)
        except BadInput as error:
            raise UserError(f"{plain(path)}: {error}") from None
        size = size or pixels.shape
        if pixels.shape != size:
            raise UserError(
                f"{plain(path)}: is {pixels.shape[1]} x {pixels.shape[0]} px, and those before it "
                f"are {size[1]} x {size[0]}"
            )
        yield pixels


def _natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    """9 before 10."""
    parts = re.split(r"(\d+)", path.name)
    return tuple((1, int(p), "") if p.isascii() and p.isdigit() else (0, 0, p) for p in parts)
