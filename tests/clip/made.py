"""Small clips whose every frame is known, and files of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

RATE = 16_000  # Hz of what is heard


def numbered(count: int, height: int = 32, width: int = 48) -> np.ndarray:
    """uint8 (count, height, width, 3): frame k has the grey value 8 k + 20, so that its number can
    be read after any encoder; the upper left quarter is darker, which tells how it is turned."""
    values = (np.arange(count) * 8 % 224 + 20).astype(np.uint8)
    frames = np.broadcast_to(values[:, None, None, None], (count, height, width, 3)).copy()
    frames[:, : height // 2, : width // 2] //= 2
    return frames


def numbers(frames: np.ndarray) -> list[int]:
    """Which frames of `numbered` these are, by their lower right corner."""
    corner = frames[:, -6:-2, -6:-2].mean((1, 2, 3))
    return [round(float(value - 20) / 8) for value in corner]


def tone(seconds: float, hertz: float = 440.0, rate: int = RATE) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * math.pi * hertz * time)).astype(np.float32)


def write_film(
    path: Path,
    frames: np.ndarray | None = None,
    times: Sequence[float] | None = None,
    rate: int = 10,
    sound: np.ndarray | None = None,
    rotation: int = 0,
    codec: str = "libx264",
    container: str | None = None,
) -> Path:
    """A video with any times, rotation and sound; without frames a sound alone."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format=container) as file:
        stream: Any = None
        if frames is not None:
            options = {"crf": "5"} if codec == "libx264" else {"qscale": "2"}
            stream = file.add_stream(codec, rate=1000 if times is not None else rate)
            stream.codec_context.options = options
            stream.height, stream.width = frames.shape[1:3]
            stream.pix_fmt = "yuv420p"
            if rotation:
                stream.set_display_rotation(rotation)
        if frames is not None and not len(frames):
            file.start_encoding()  # a stream without a frame
        heard: Any = None if sound is None else file.add_stream("aac", rate=RATE, layout="mono")
        for number, pixels in enumerate([] if frames is None else frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if times is not None:
                frame.pts = round(times[number] * 1000)
            file.mux(stream.encode(frame))
        if stream is not None:
            file.mux(stream.encode(None))
        if sound is not None:
            frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
            frame.rate = RATE
            frame.pts = 0
            file.mux(heard.encode(frame))
            file.mux(heard.encode(None))
    return path
