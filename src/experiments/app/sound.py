"""Clips and sounds as the content of files: GIF and WAV."""

from __future__ import annotations

import io

import numpy as np

from experiments.clip.gif import write_gif


def gif_of(frames: np.ndarray, rate: float) -> bytes:
    """uint8 (T, H, W, 3) at `rate` frames a second."""
    file = io.BytesIO()
    write_gif(file, frames, rate)
    return file.getvalue()


def wav_of(wave: np.ndarray, rate: int) -> bytes:
    """(N,) in [-1, 1], 16 bits; a louder wave is scaled down to 1."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, wave / max(float(np.abs(wave).max(initial=0.0)), 1.0), rate, format="WAV")
    return file.getvalue()
