"""GIF, animated WebP and PNG, and strips of ours, by Pillow: no extra is needed for them.

Their writers merge frames that are equal into one that is shown longer, so how many frames a file
has says nothing of its length. What is shown n times as long as the shortest frame is given n
times.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from experiments.clip.bound import Bounds, Frame, Watch, fitted, require_size
from experiments.clip.strip import Axis, from_strip, said_of_strip
from experiments.terminal.error import BadInput

FORMATS = ("GIF", "WEBP", "PNG")
UNSAID = 0.1  # seconds of a frame whose file says 0, as browsers show it
MAX_BYTES = 512_000_000
PASSED = 65_536  # frames whose durations are read


def is_animation(head: bytes) -> bool:
    """Whether a file that begins so (32 bytes) is of a kind that is read here."""
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return head[:4] == b"GIF8" or webp or head[:8] == b"\x89PNG\r\n\x1a\n"


def animation_frames(path: Path, side: int | None, bounds: Bounds) -> Iterator[Frame]:
    """Each frame on white, in order; see `decode.frames_of`."""
    if path.stat().st_size > MAX_BYTES:
        raise BadInput("file is too large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a size or a tag: both are judged here
            with Image.open(path, formats=FORMATS) as image:
                require_size(*image.size, bounds)
                if strip := said_of_strip(image):
                    yield from _of_strip(image, *strip, side)
                    return
                yield from _frames(image, _lasting(image, path, bounds), side, bounds)
    except (BadInput, GeneratorExit):
        raise
    except MemoryError:
        raise
    except Image.DecompressionBombError:
        raise BadInput("animation is too large") from None
    except Exception as error:  # decoders raise whatever a broken file leads them to
        raise BadInput(f"animation is broken ({type(error).__name__})") from None


def _frames(
    image: Image.Image, lasting: list[float], side: int | None, bounds: Bounds
) -> Iterator[Frame]:
    time, shortest = 0.0, min(lasting)
    watch = Watch(bounds)
    for number, seconds in enumerate(lasting):
        watch.start()
        image.seek(number)
        pixels = _on_white(image, side)
        watch.stop()
        times = max(1, round(seconds / shortest))
        for k in range(times):
            yield Frame(pixels, time + k * seconds / times, seconds / times)
        time += seconds


def _of_strip(
    image: Image.Image, count: int, rate: float, axis: Axis, side: int | None
) -> Iterator[Frame]:
    """The frames of a PNG that `strip.save_strip` wrote."""
    for number, pixels in enumerate(from_strip(_on_white(image, None), count, axis)):
        frame = pixels if side is None else _on_white(Image.fromarray(pixels), side)
        yield Frame(frame, number / rate, 1 / rate)


def _lasting(image: Image.Image, path: Path, bounds: Bounds) -> list[float]:
    """Seconds of each frame."""
    if image.format == "GIF":
        return _gif_lasting(path.read_bytes())
    count = int(getattr(image, "n_frames", 1))
    if count > PASSED:
        raise BadInput("animation has too many frames")
    watch, found = Watch(bounds), list[float]()
    for number in range(count):
        watch.start()
        image.seek(number)
        image.load()  # WebP says it then
        watch.stop()
        found.append(_seconds(image.info.get("duration")))
    return found


def _seconds(milliseconds: object) -> float:
    value = float(milliseconds) / 1000 if isinstance(milliseconds, int | float) else 0.0
    return value if 0 < value < 1e6 else UNSAID


def _gif_lasting(data: bytes) -> list[float]:
    """The same of a GIF, from its blocks: Pillow leaves out which frames ask for no time, and takes
    the end of a file for the end of the animation."""
    place = 13 + _colours(data[10])
    found, lasts = list[float](), 0.0
    while True:
        kind = data[place]
        if kind == 0x3B:
            break
        if kind == 0x21:
            if data[place + 1] == 0xF9:
                lasts = struct.unpack_from("<H", data, place + 4)[0] / 100
            place = _after(data, place + 2)
        elif kind == 0x2C:
            if len(found) >= PASSED:
                raise BadInput("animation has too many frames")
            found.append(lasts or UNSAID)
            lasts = 0.0
            place = _after(data, place + 11 + _colours(data[place + 9]))
        else:
            raise BadInput("animation is broken (unknown block)")
    if not found:
        raise BadInput("animation has no frames")
    return found


def _colours(flags: int) -> int:
    """Bytes of a table of colours that follows."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after(data: bytes, place: int) -> int:
    """Where the blocks end that begin at `place`."""
    while data[place]:
        place += data[place] + 1
    return place + 1


def _on_white(image: Image.Image, side: int | None) -> np.ndarray:
    if image.has_transparency_data:
        sprite = image.convert("RGBA")
        canvas = Image.new("RGBA", sprite.size, (255, 255, 255, 255))
        flat = Image.alpha_composite(canvas, sprite).convert("RGB")
    else:
        flat = image.convert("RGB")
    size = fitted(*flat.size, side)
    if size != flat.size:
        flat = flat.resize(size, Image.Resampling.BOX)
    return np.array(flat, np.uint8)
