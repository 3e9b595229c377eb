"""Tables of constants: windows, and the mel filter bank of Slaney's Auditory Toolbox.

The centre of a bin is k rate / n_fft. A line from 0 to rate / 2 is wrong for an odd n_fft, as 25 ms
at 22,050 Hz are (551): by 1.8 % in a filter, and up to 0.46 in a logarithm.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

Window = Literal["hann", "hamming"]
LINEAR = 200.0 / 3  # Hz a mel below the knee
KNEE = 1000.0  # Hz
STEP = np.log(6.4) / 27  # of the logarithm of Hz a mel, above it


def mel_of(hertz: np.ndarray) -> np.ndarray:
    """Slaney's scale: a line up to 1 kHz, a logarithm above."""
    above = KNEE / LINEAR + np.log(np.maximum(hertz, KNEE) / KNEE) / STEP
    return np.where(hertz < KNEE, hertz / LINEAR, above)


def hertz_of(mel: np.ndarray) -> np.ndarray:
    """The inverse of `mel_of`."""
    knee = KNEE / LINEAR
    return np.where(mel < knee, mel * LINEAR, KNEE * np.exp(STEP * (np.maximum(mel, knee) - knee)))


def mel_filters(rate: int, n_fft: int, bins: int, lowest: float, highest: float) -> np.ndarray:
    """(n_fft // 2 + 1, bins) in double precision: triangles of equal width in mel, each with the
    area 1 in Hz, from `lowest` to `highest` Hz."""
    centres = np.arange(n_fft // 2 + 1) * rate / n_fft
    ends = mel_of(np.array([lowest, highest]))
    edges = hertz_of(np.linspace(ends[0], ends[1], bins + 2))
    left, top, right = edges[:-2], edges[1:-1], edges[2:]
    rising = (centres[:, None] - left) / (top - left)
    falling = (right - centres[:, None]) / (right - top)
    return np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (right - left)


def window(name: Window, length: int) -> np.ndarray:
    """Hann is periodic, as librosa has it by name. Hamming is symmetric, as it is where SciPy's
    function itself is handed over, which DAVEnet and Li do."""
    if name == "hann":
        return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return np.hamming(length)


def filters_on(
    like: Tensor, rate: int, n_fft: int, bins: int, lowest: float, highest: float
) -> Tensor:
    """`mel_filters` where `like` is and in its precision, made once for each."""
    return _filters(like.device, like.dtype, rate, n_fft, bins, lowest, highest)


def window_on(like: Tensor, name: Window, length: int) -> Tensor:
    """`window` likewise."""
    return _window(like.device, like.dtype, name, length)


@lru_cache(maxsize=64)
def _filters(
    device: torch.device,
    dtype: torch.dtype,
    rate: int,
    n_fft: int,
    bins: int,
    lowest: float,
    highest: float,
) -> Tensor:
    return constant(mel_filters(rate, n_fft, bins, lowest, highest), device, dtype)


@lru_cache(maxsize=64)
def _window(device: torch.device, dtype: torch.dtype, name: Window, length: int) -> Tensor:
    return constant(window(name, length), device, dtype)


def constant(values: np.ndarray, device: torch.device, dtype: torch.dtype) -> Tensor:
    """A constant of the process: it holds no gradient, and one that was first asked for while a
    picture is drawn (`inference_mode`) serves a later training, too."""
    with torch.inference_mode(False), torch.no_grad():
        return torch.tensor(values, device=device, dtype=dtype)
