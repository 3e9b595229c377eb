"""Clips to files, by the suffix: every frame is kept, and the file is there whole or not at all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from experiments.clip.gif import write_gif
from experiments.clip.strip import save_strip
from experiments.clip.video import package
from experiments.clip.webp import write_webp
from experiments.file.name import plain
from experiments.file.whole import aside
from experiments.terminal.error import UserError, reason_of

# The encoder of each container, its pixels, and what it is told.
ENCODERS = {
    ".mp4": ("mp4", "libx264", {"crf": "18", "preset": "medium", "threads": "1"}),
    ".webm": ("webm", "libvpx-vp9", {"crf": "24", "b": "0", "row-mt": "0", "cpu-used": "4"}),
}
PLAIN = (".gif", ".webp", ".png")  # by Pillow alone
SUFFIXES = (*PLAIN, *ENCODERS)
SLOWEST, FASTEST = 0.01, 1000.0  # frames a second


def write_clip(frames: np.ndarray, path: Path, rate: float = 10.0) -> Path:
    """frames uint8 (T, H, W, C), C 1 or 3, at `rate` a second. Returns the path.

    .gif up to 256 colours in all (`gif.py`), grey without loss. .webp without loss. .png a strip
    from left to right. .mp4 (H.264) and .webm (VP9), with loss, need the extra `video`; an odd
    width or height gets its last column or row once more, since their colours are stored by twos.
    Raises `UserError` for another suffix, and for a rate that the format cannot show.
    """
    frames = np.asarray(frames)
    assert frames.dtype == np.uint8 and frames.ndim == 4, (frames.dtype, frames.shape)
    assert frames.shape[-1] in (1, 3) and 0 not in frames.shape, frames.shape
    suffix = require_suffix(path)
    if not (math.isfinite(rate) and SLOWEST <= rate <= FASTEST):
        raise UserError(f"{rate:g} frames a second: use {SLOWEST:g} to {FASTEST:g}")
    if suffix in ENCODERS:
        write_video(frames, path, rate)
        return path
    with aside(path) as partial:
        if suffix == ".png":
            save_strip(partial, frames, rate)
        else:
            with partial.open("wb") as file:
                (write_gif if suffix == ".gif" else write_webp)(file, frames, rate)
    return path


def require_suffix(path: Path) -> str:
    """The suffix. Raises `UserError` for one that is not written."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{plain(path)}: {suffix or 'no suffix'} is none of {', '.join(SUFFIXES)}")
    return suffix


def write_video(
    frames: Iterable[np.ndarray], path: Path, rate: float, times: Iterable[float] | None = None
) -> int:
    """As `write_clip`, of frames (H, W, C) one after another, which need not be in memory at once.
    times: seconds at which each is shown, in place of the rate. Returns how many there were."""
    suffix = require_suffix(path)
    assert suffix in ENCODERS, suffix
    container, encoder, options = ENCODERS[suffix]
    clock = Fraction(1, 90_000)
    pace = Fraction(rate).limit_denominator(1001)
    count, moments = 0, None if times is None else iter(times)
    with aside(path) as partial, _encoding(partial, container, path) as output:
        stream: Any = None
        av = package()
        for pixels in frames:
            even = _even(pixels)
            if stream is None:
                stream = output.add_stream(encoder, rate=pace, options=options)
                stream.width, stream.height = even.shape[1], even.shape[0]
                stream.pix_fmt = "yuv420p"
                if moments is not None:
                    stream.time_base = clock
                    stream.codec_context.time_base = clock
            elif even.shape[:2] != (stream.height, stream.width):
                raise UserError(f"{plain(path)}: frames of several sizes cannot be one video")
            frame = av.VideoFrame.from_ndarray(even, format="rgb24")
            frame.pts = count
            frame.time_base = 1 / pace
            if moments is not None:
                frame.pts, frame.time_base = round(next(moments) / clock), clock
            output.mux(stream.encode(frame))
            count += 1
        if stream is None:
            raise UserError(f"{plain(path)}: no frames to write")
        output.mux(stream.encode(None))
    return count


@contextmanager
def _encoding(partial: Path, container: str, path: Path) -> Iterator[Any]:
    av = package()
    options = {"movflags": "+faststart"} if container == "mp4" else {}
    try:
        with av.open(f"file:{partial.absolute()}", "w", format=container, options=options) as file:
            yield file
    except av.error.EncoderNotFoundError:
        raise UserError(
            f"{plain(path)}: this build of FFmpeg cannot write {path.suffix}; write a .gif or .webp"
        ) from None
    except av.error.FFmpegError as error:
        raise UserError(f"{plain(path)}: cannot be written ({reason_of(error)})") from None


def _even(pixels: np.ndarray) -> np.ndarray:
    """RGB with an even number of rows and columns."""
    height, width, channels = pixels.shape
    if channels == 1:
        pixels = np.repeat(pixels, 3, 2)
    if height % 2 or width % 2:
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
    return np.ascontiguousarray(pixels)
