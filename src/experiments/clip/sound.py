"""The sound of a video file, by PyAV: the extra `video`."""

from __future__ import annotations

import math
import stat
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from experiments.clip.animation import is_animation
from experiments.clip.bound import BOUNDS, Bounds, Watch
from experiments.clip.video import codec_of, opened, package
from experiments.file.whole import aside
from experiments.terminal.error import BadInput

LONGEST = 1 << 28  # samples


def has_sound(path: Path) -> bool:
    """Whether a video has a stream of sound. Raises `BadInput` for what is no video."""
    if _is_silent(path):
        return False
    with opened(path) as container:
        return bool(container.streams.audio)


def read_sound(
    path: Path,
    rate: int,
    start: float = 0.0,
    seconds: float = 60.0,
    bounds: Bounds = BOUNDS,
) -> np.ndarray | None:
    """What is heard from `start` for `seconds`: (N,) float32 in [-1, 1], the mean of its channels,
    at `rate` Hz. Where the sound begins later than the frames it is silent until then. None: the
    file has none. Raises `BadInput` for what is no video, or is broken."""
    wanted = min(math.ceil(seconds * rate), LONGEST)
    found, filled = np.zeros(wanted, np.float32), 0
    for first, samples in heard(path, rate, start, bounds):
        place = first - round(start * rate)
        if place >= wanted:
            break
        samples, place = samples[max(-place, 0) :], max(place, 0)
        end = min(place + len(samples), wanted)
        if end > place:
            found[place:end] = samples[: end - place]
            filled = max(filled, end)
    if not filled and not has_sound(path):
        return None
    return found[:filled].clip(-1, 1)


def heard(
    path: Path, rate: int, start: float = 0.0, bounds: Bounds = BOUNDS
) -> Iterator[tuple[int, np.ndarray]]:
    """Stretches of sound (n,) float32, each with the number of its first sample since the file
    began, from `start` or a little before. Nothing where the file has none."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise BadInput("not a file")
    if _is_silent(path):
        return
    av = package()
    with opened(path) as container:
        if not container.streams.audio:
            return
        stream = container.streams.audio[0]
        codec_of(stream, "sound")
        origin = container.start_time / 1e6 if container.start_time else 0.0
        if start > 1:
            _seek(container, stream, start + origin)
        resampler = av.AudioResampler("fltp", "mono", rate)
        watch, number = Watch(bounds), -1
        watch.start()
        for frame in container.decode(stream):
            if number < 0:
                said = 0.0 if frame.time is None else float(frame.time) - origin
                number = round(max(said, 0.0) * rate)
            for part in resampler.resample(frame):
                samples = part.to_ndarray()[0]
                watch.stop()
                yield number, samples
                watch.start()
                number += len(samples)
        for part in resampler.resample(None):
            samples = part.to_ndarray()[0]
            yield number, samples
            number += len(samples)


def _is_silent(path: Path) -> bool:
    """Whether it is a GIF, WebP or PNG, which nothing is heard in."""
    with path.open("rb") as file:
        return is_animation(file.read(32))


def _seek(container: Any, stream: Any, seconds: float) -> None:
    try:
        container.seek(int(seconds / stream.time_base), stream=stream)
    except package().error.FFmpegError:
        container.seek(0)


def write_wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    """(N,) in [-1, 1] as WAV of 16 bits; whole or not at all. Returns the path."""
    values = (np.clip(samples, -1, 1) * 32767).round().astype("<i2")
    assert sys.byteorder == "little" or values.dtype.byteorder == "<"
    with aside(path) as partial, wave.open(str(partial), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(values.tobytes())
    return path
