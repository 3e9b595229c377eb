"""GIF with every frame in it. Pillow's own writer merges equal frames, so only its encoder of
single pictures is taken, and the blocks are put together here: the file is the same with and
without the extra `video`."""

from __future__ import annotations

import io
import struct
from itertools import pairwise
from typing import BinaryIO

import numpy as np
from PIL import GifImagePlugin, Image

from experiments.terminal.error import UserError

FASTEST = 50  # frames a second: browsers slow down what asks for less than 20 ms
COUNTED = 4_000_000  # pixels whose colours make the palette
LARGEST = 65_535  # px of a side
LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"  # for ever


def write_gif(file: BinaryIO, frames: np.ndarray, rate: float) -> None:
    """frames: uint8 (T, H, W, 1 or 3); up to 256 colours are kept as they are, grey always. More
    are brought to 256 for all frames alike, by median cut and without dither, which would flicker.
    Times are rounded to 10 ms so that no error adds up. Raises `UserError` for more frames a second
    than a GIF shows."""
    if rate > FASTEST:
        raise UserError(
            f"a GIF shows at most {FASTEST} frames a second, not {rate:g}; write an .mp4, or fewer"
        )
    count, height, width = frames.shape[:3]
    if max(height, width) > LARGEST:
        raise UserError(f"a GIF has at most {LARGEST} px a side; write an .mp4")
    palette, numbers = _paletted(frames)
    table = palette + bytes(768 - len(palette))
    file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0) + table + LOOP)
    ends = [round(100 * number / rate) for number in range(count + 1)]
    for number, (start, end) in enumerate(pairwise(ends)):
        file.write(b"\x21\xf9\x04\x04" + struct.pack("<H", end - start) + b"\x00\x00")
        image = Image.fromarray(numbers(number))
        # As grey numbers the encoder keeps every one of the 256; its own table is left out.
        blocks = b"".join(GifImagePlugin.getdata(image))
        file.write(_without_table(blocks))
    file.write(b"\x3b")


def gif_of(frames: np.ndarray, rate: float) -> bytes:
    """The same as the content of a file."""
    file = io.BytesIO()
    write_gif(file, frames, rate)
    return file.getvalue()


def _without_table(blocks: bytes) -> bytes:
    """The picture alone, with the file's table of colours in place of its own."""
    start = blocks.index(b"\x2c")
    flags = blocks[start + 9]
    table = 3 << ((flags & 7) + 1) if flags & 0x80 else 0
    return blocks[start : start + 9] + b"\x00" + blocks[start + 10 + table :]


class _Numbers:
    """The number in the palette of each pixel, by frame."""

    def __init__(self, frames: np.ndarray, palette: Image.Image | None) -> None:
        self.frames, self.palette = frames, palette

    def __call__(self, number: int) -> np.ndarray:
        frame = self.frames[number]
        if self.palette is None:
            return np.ascontiguousarray(frame[..., 0])
        image = Image.fromarray(frame).quantize(palette=self.palette, dither=Image.Dither.NONE)
        return np.asarray(image)


class _Exact(_Numbers):
    """The same where every colour is in the palette."""

    def __init__(self, frames: np.ndarray, colours: np.ndarray) -> None:
        super().__init__(frames, None)
        self.colours = colours

    def __call__(self, number: int) -> np.ndarray:
        return np.searchsorted(self.colours, _packed(self.frames[number])).astype(np.uint8)


def _paletted(frames: np.ndarray) -> tuple[bytes, _Numbers]:
    if frames.shape[-1] == 1:
        return bytes(np.repeat(np.arange(256, dtype=np.uint8), 3)), _Numbers(frames, None)
    colours = np.zeros(0, np.uint32)
    for frame in frames:
        colours = np.union1d(colours, _packed(frame))
        if len(colours) > 256:
            break
    else:
        parts = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], 1)
        return parts.astype(np.uint8).tobytes(), _Exact(frames, colours)
    pixels = frames.reshape(-1, 3)
    pixels = pixels[:: -(-len(pixels) // COUNTED)]
    cut = Image.fromarray(pixels[None]).quantize(256, Image.Quantize.MEDIANCUT)
    return bytes(cut.getpalette() or b"")[:768], _Numbers(frames, cut)


def _packed(frame: np.ndarray) -> np.ndarray:
    wide = frame.astype(np.uint32)
    packed: np.ndarray = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    return packed
