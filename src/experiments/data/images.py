"""Pictures that other people made: opened within bounds, upright, as a square of 8-bit RGB.

Whatever is wrong with a file becomes one `BadInput` with the reason, never another exception. The
format is told from the content, not from the name. Pictures that would need more than some 300 MB
are refused from their header, before a pixel is decoded.
"""

from __future__ import annotations

import io
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from experiments.data.picture_bounds import require_bounded
from experiments.data.record import Box
from experiments.file.name import is_name
from experiments.terminal.error import BadInput

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "PPM", "TIFF")
MAX_BYTES = 128_000_000
BAND = 1 << 20  # pixels that are converted at a time
WHITE = (255, 255, 255)
FOLLOW = "data.follow_links=true"
ORIENTATION = 0x0112  # the EXIF tag
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
Window = tuple[int, int, int, int]  # left, top, right, bottom


def path_inside(root: Path, relative: str, follow: bool = False) -> Path:
    """The regular file `relative` under `root`, which may itself be a link.

    Raises `BadInput` for a path that leaves the root, by `..`, from `/` or, unless `follow`, over a
    link; and for one that is missing, empty, or no plain file.
    """
    parts = PurePosixPath(relative).parts
    if not is_name(relative):
        raise BadInput("name is not UTF-8 or has control characters")
    if not parts or parts[0] == "/" or ".." in parts:
        raise BadInput("path leaves the root")
    path = root / relative
    try:
        resolved = path.resolve(strict=True)
        status = resolved.stat()
    except (OSError, RuntimeError, ValueError):
        raise BadInput("file is missing") from None
    if not follow and not resolved.is_relative_to(root.resolve()):
        raise BadInput(f"path leaves the root by a link, which {FOLLOW} follows")
    if not stat.S_ISREG(status.st_mode):
        raise BadInput("not a file")
    if status.st_size == 0:
        raise BadInput("file is empty")
    return path


def read_crop(
    source: Path | bytes, size: int, box: Box | None = None, alone: bool = True
) -> np.ndarray:
    """The central square of the picture, or of the surroundings of `box`: uint8 (size, size, 3).

    As in AttnGAN (`crop_window`), whose *resize the short side, crop the long one* is one bilinear
    resize here. `box` counts in the pixels of the file, before its EXIF rotation. `source`: the
    file, or the content of one. `alone`: no other thread does the same, so that Pillow's warnings
    can be held back.
    """
    with _opened(source, alone) as image:
        width, height = image.size
        window = (0, 0, width, height) if box is None else crop_window((width, height), box)
        left, top, right, bottom = _central_square(window)
        # A JPEG decodes at 1/2, 1/4 or 1/8 in a fraction of the time; twice the size wanted is kept
        # for the resize, so that what the decoder leaves out could not be seen.
        scale = 2 * size / (right - left)
        if scale < 1 and image.format == "JPEG":
            image.draft(None, (max(1, int(width * scale)), max(1, int(height * scale))))
        x, y = image.width / width, image.height / height
        # Cut before the resize, whose filter would else look beyond the window.
        square = (round(left * x), round(top * y), round(right * x), round(bottom * y))
        resized = to_rgb(image, square).resize((size, size), Image.Resampling.BILINEAR)
        return _array(resized, image)


def read_padded(path: Path, size: int) -> np.ndarray:
    """The whole picture centred on a white square, as uint8 (size, size, 3)."""
    with _opened(path) as image:
        rgb = to_rgb(image)
        longer = max(rgb.size)
        fitted = [max(1, round(side * size / longer)) for side in rgb.size]
        resized = rgb.resize((fitted[0], fitted[1]), Image.Resampling.LANCZOS)
        square = Image.new("RGB", (size, size), WHITE)
        square.paste(resized, ((size - fitted[0]) // 2, (size - fitted[1]) // 2))
        return _array(square, image)


def read_whole(path: Path) -> np.ndarray:
    """The picture as it lies in the file, uint8 (H, W, 3)."""
    with _opened(path) as image:
        return np.array(to_rgb(image), np.uint8)


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height from the header. Raises `BadInput` for what is no picture."""
    with _opened(path) as image:
        return image.size


def crop_window(image_size: tuple[int, int], box: Box) -> Window:
    """The square of half side 0.75 max(w, h) about the centre of the box, clipped to the picture.

    StackGAN (Zhang 2017), so that the bird fills about three quarters of the picture. All integers.
    Raises `BadInput` for a box without area or that does not touch the picture.
    """
    (width, height), (x, y, w, h) = image_size, box
    if w < 1 or h < 1:
        raise BadInput("bounding box has no area")
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise BadInput("bounding box lies outside the picture")
    r = max(1, int(0.75 * max(w, h)))
    centre_x, centre_y = (2 * x + w) // 2, (2 * y + h) // 2
    window = (
        *(max(0, centre_x - r), max(0, centre_y - r)),
        *(min(width, centre_x + r), min(height, centre_y + r)),
    )
    if window[0] >= window[2] or window[1] >= window[3]:
        raise BadInput("bounding box lies outside the picture")
    return window


def to_rgb(image: Image.Image, window: Window | None = None) -> Image.Image:
    """8-bit RGB of the window from any mode: 16 bits keep the upper eight, transparent parts become
    white, and floats that do not exceed 1 count from 0 to 1.

    It is made in bands of rows, so that memory holds the picture and the result alone.
    """
    image.load()
    whole = (0, 0, *image.size)
    window = window or whole
    if image.mode == "RGB" and "transparency" not in image.info:
        return image if window == whole else image.crop(window)
    left, top, right, bottom = window
    rows = max(1, BAND // (right - left))
    bands = [(left, y, right, min(bottom, y + rows)) for y in range(top, bottom, rows)]
    white = _white_level(image, bands)
    result = Image.new("RGB", (right - left, bottom - top))
    for band in bands:
        result.paste(_band_to_rgb(image.crop(band), white), (0, band[1] - top))
    return result


def _white_level(image: Image.Image, bands: list[Window]) -> float:
    """The value that stands for white where pixels are numbers of more than 8 bits; else 0."""
    if not image.mode.startswith(("I", "F")):
        return 0.0
    largest = 0.0
    for band in bands:
        values = np.asarray(image.crop(band), dtype=np.float64)
        if not np.isfinite(values).all():
            raise BadInput("picture has values that are no numbers")
        largest = max(largest, values.max(initial=0))
    if image.mode == "F" and largest <= 1:
        return 1.0
    return 65535.0 if image.mode.startswith("I;16") or largest > 255 else 255.0


def _band_to_rgb(image: Image.Image, white: float) -> Image.Image:
    if white:
        values = np.asarray(image, dtype=np.float64)
        image = Image.fromarray((values.clip(0, white) * (255 / white)).astype(np.uint8))
    if image.has_transparency_data:
        sprite = image.convert("RGBA")
        canvas = Image.new("RGBA", sprite.size, (*WHITE, 255))
        return Image.alpha_composite(canvas, sprite).convert("RGB")
    return image.convert("RGB")


def _central_square(window: Window) -> Window:
    left, top, right, bottom = window
    side = min(right - left, bottom - top)
    x, y = (left + right - side) // 2, (top + bottom - side) // 2
    return x, y, x + side, y + side


def _array(square: Image.Image, source: Image.Image) -> np.ndarray:
    """The square upright. A square about the same centre may as well be turned after the crop."""
    try:
        turn = _UPRIGHT.get(source.getexif().get(ORIENTATION, 1))
    except Exception:  # a broken tag is no reason to lose the picture
        turn = None
    return np.array(square if turn is None else square.transpose(turn), dtype=np.uint8)


@contextmanager
def _opened(source: Path | bytes, alone: bool = True) -> Iterator[Image.Image]:
    try:
        if isinstance(source, bytes):
            size, file = len(source), io.BytesIO(source)
        else:
            status = source.stat()
            if not stat.S_ISREG(status.st_mode):  # a pipe would keep whoever opens it waiting
                raise BadInput("not a file")
            size, file = status.st_size, source  # type: ignore[assignment]
        if size > MAX_BYTES:
            raise BadInput("file is too large")
        with warnings.catch_warnings() if alone else nullcontext():
            if alone:  # the filters are of the whole process
                warnings.simplefilter("ignore")  # about a size or a tag: both are judged here
            with Image.open(file, formats=FORMATS) as image:
                require_bounded(image, source)
                yield image
    except BadInput:
        raise
    except FileNotFoundError:
        raise BadInput("file is missing") from None
    except PermissionError:
        raise BadInput("file cannot be read, because its rights forbid it") from None
    except Image.UnidentifiedImageError:
        raise BadInput("not a picture") from None
    except Image.DecompressionBombError:
        raise BadInput("picture has too many pixels") from None
    except Exception as error:  # decoders raise whatever a broken file leads them to
        raise BadInput(f"picture is broken ({type(error).__name__})") from None
