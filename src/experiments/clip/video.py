"""Video files by PyAV, with the FFmpeg that it brings: the extra `video`.

FFmpeg opens lists that name other files and addresses; here it opens containers alone, and nothing
but the file that it is given.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from experiments.clip.bound import Bounds, Frame, Watch, fitted, require_size
from experiments.terminal.error import BadInput, UserError, reason_of
from experiments.terminal.package import installing

# FFmpeg's names of containers. Lists (hls, concat, dash) and devices are none of them.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    *("matroska", "webm", "avi", "mpeg", "mpegts", "ogg", "flv", "asf", "dv", "m4v", "mpegvideo"),
    *("h264", "hevc", "ivf", "obu", "nut", "swf", "gif", "wav", "mp3", "flac", "aac"),
)
SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".ogv"),
    *(".flv", ".wmv", ".3gp", ".dv"),
)
SHORT, SLACK = 0.05, 3  # a share, and frames, by which a file may hold less than its header says
SHAPES = (Fraction(1, 4), Fraction(4))  # of a pixel that is no square


def package() -> Any:
    """PyAV. Raises `UserError` where it is missing."""
    try:
        return importlib.import_module("av")
    except (ImportError, OSError) as error:  # OSError: its library cannot be loaded
        raise UserError(f"video needs av ({reason_of(error)}); run {installing('av')}") from None


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A container that is read. Raises `BadInput` for what is none, or breaks while it is read."""
    av = package()
    options = {
        "format_whitelist": ",".join(CONTAINERS),
        "protocol_whitelist": "file",
        "max_streams": "100",
    }
    try:
        with av.open(f"file:{path.absolute()}", container_options=options) as container:
            yield container
    except (av.error.InvalidDataError, av.error.EOFError):
        raise BadInput("not a video, or a broken one") from None
    except av.error.ArgumentError:  # a list, a picture: what the whitelist leaves out
        raise BadInput("not a video of a kind that is read") from None
    except (av.error.FFmpegError, ValueError, OverflowError, ZeroDivisionError) as error:
        if isinstance(error, BadInput):
            raise
        if isinstance(error, OSError) and error.errno and not path.exists():
            raise BadInput("file is missing") from None
        raise BadInput(f"video cannot be decoded ({reason_of(error)})") from None


def video_frames(
    path: Path, side: int | None, bounds: Bounds, start: float = 0.0
) -> Iterator[Frame]:
    """Each frame from the one that is shown at `start`; see `decode.frames_of`."""
    with opened(path) as container:
        stream = _pictures(container)
        context = codec_of(stream, "video")
        if context.width and context.height:  # unknown until a frame is there, in some
            require_size(context.width, context.height, bounds)
        context.thread_count = 1  # the same work wherever it is done; records are made in parallel
        context.options = {"max_pixels": str(bounds.pixels)}
        seeked = start > 1 and _seek(container, stream, start)
        count, end = 0, 0.0
        last: Frame | None = None
        for frame in _decoded(container, stream, side, bounds):
            count += 1
            end = frame.time + frame.lasts
            if frame.time > start + 1e-6:
                if last is not None:
                    yield last
                last = None
                yield frame
            else:
                last = frame  # shown at `start`, unless another is
        if not count:
            raise BadInput("video has no frames")
        if last is not None and last.time + max(last.lasts, 1e-3) > start:
            yield last
        if not seeked:
            _require_whole(container, stream, count, end)


def codec_of(stream: Any, what: str) -> Any:
    """What decodes a stream. Raises `BadInput` where nothing does."""
    if stream.codec_context is None:
        raise BadInput(f"{what} of a codec that is not read")
    return stream.codec_context


def _pictures(container: Any) -> Any:
    """The first stream of frames that is no cover of a piece of music."""
    for stream in container.streams.video:
        if "attached_pic" not in str(getattr(stream, "disposition", "")):
            return stream
    if container.streams.audio:
        raise BadInput("a sound without frames")
    raise BadInput("video has no frames")


def _seek(container: Any, stream: Any, start: float) -> bool:
    """To a key frame before `start`; some containers cannot, and are read from their beginning."""
    av = package()
    try:
        container.seek(int((start + _origin(stream)) / stream.time_base), stream=stream)
    except av.error.FFmpegError:
        container.seek(0)
        return False
    return True


def _origin(stream: Any) -> float:
    """Seconds at which a file begins by its own clock: some count from an hour."""
    start = stream.container.start_time
    return float(start / 1_000_000) if start else 0.0


def _decoded(container: Any, stream: Any, side: int | None, bounds: Bounds) -> Iterator[Frame]:
    watch, time, step = Watch(bounds), 0.0, _step(stream)
    origin, first = _origin(stream), True
    watch.start()
    for frame in container.decode(stream):
        require_size(frame.width, frame.height, bounds)
        said = frame.time
        if said is None:  # raw streams say none
            time = time if first else time + step
        else:
            time = float(said) - origin if first else max(float(said) - origin, time)
        lasts = float(frame.duration * frame.time_base) if frame.duration else step
        pixels = _upright(frame, stream, side)
        first = False
        watch.stop()
        yield Frame(pixels, time, lasts)
        watch.start()
    watch.stop()


def _step(stream: Any) -> float:
    rate = stream.average_rate or stream.guessed_rate
    return float(1 / rate) if rate else 0.04


def _upright(frame: Any, stream: Any, side: int | None) -> np.ndarray:
    """uint8 (H, W, 3) with square pixels, turned as whoever held the camera did."""
    width, height = frame.width, frame.height
    shape = stream.sample_aspect_ratio
    if shape and shape != 1 and SHAPES[0] <= shape <= SHAPES[1]:
        width = max(1, round(width * shape))
    width, height = fitted(width, height, side)
    found = frame.reformat(width, height, "rgb24", interpolation="AREA").to_ndarray()
    turns = round((frame.rotation or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(found, turns))


def _require_whole(container: Any, stream: Any, count: int, end: float) -> None:
    """Raise `BadInput` where a file holds much less than its header says."""
    said = stream.frames
    seconds = float(container.duration / 1_000_000) if container.duration else 0.0
    of_stream = float(stream.duration * stream.time_base) if stream.duration else 0.0
    seconds = of_stream or (0.0 if container.streams.audio else seconds)
    missing = said - count > max(SLACK, SHORT * said) if said else False
    missing = missing or seconds - end > max(SLACK * _step(stream), SHORT * seconds, 0.5)
    if missing:
        raise BadInput("video ends before its header says")
