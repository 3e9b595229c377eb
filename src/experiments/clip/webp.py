"""Animated WebP with every frame in it, without loss. libwebp's own writer merges equal frames, so
Pillow makes a still picture of each, and the container is put together here."""

from __future__ import annotations

import io
import struct
from itertools import pairwise
from typing import BinaryIO

import numpy as np
from PIL import Image

from experiments.terminal.error import UserError

LARGEST = 16_383  # px of a side
ANIMATED = 0x02
ALONE = 0x02  # a frame replaces what was there, and is not blended with it


def write_webp(file: BinaryIO, frames: np.ndarray, rate: float) -> None:
    """frames: uint8 (T, H, W, 1 or 3). Times are rounded to 1 ms so that no error adds up. Raises
    `UserError` for frames that are too large, and more than 1,000 a second."""
    count, height, width = frames.shape[:3]
    if max(height, width) > LARGEST:
        raise UserError(f"a WebP has at most {LARGEST} px a side; write an .mp4")
    if rate > 1000:
        raise UserError(f"a WebP shows at most 1000 frames a second, not {rate:g}")
    size = _size(width) + _size(height)
    chunks = [
        _chunk(b"VP8X", struct.pack("<I", ANIMATED) + size),
        _chunk(b"ANIM", b"\xff\xff\xff\xff\x00\x00"),
    ]
    ends = [round(1000 * number / rate) for number in range(count + 1)]
    for frame, (start, end) in zip(frames, pairwise(ends), strict=True):
        lasts = struct.pack("<I", end - start)[:3]
        head = bytes(6) + size + lasts + bytes([ALONE])
        chunks.append(_chunk(b"ANMF", head + _picture(frame)))
    body = b"WEBP" + b"".join(chunks)
    file.write(b"RIFF" + struct.pack("<I", len(body)) + body)


def _picture(frame: np.ndarray) -> bytes:
    """The chunk of a still picture."""
    image, made = Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame), io.BytesIO()
    image.convert("RGB").save(made, "WEBP", lossless=True, method=2)
    data, place = made.getvalue(), 12
    while data[place : place + 4] not in (b"VP8L", b"VP8 "):
        (length,) = struct.unpack_from("<I", data, place + 4)
        place += 8 + length + length % 2
    return data[place:]


def _size(length: int) -> bytes:
    return struct.pack("<I", length - 1)[:3]


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
