"""Log-mel frames as S2IGAN's released code makes them: clip by clip, in NumPy."""

from __future__ import annotations

import numpy as np

from experiments.frontend.table import mel_filters, window


class PlainLogMel:
    """Its tables are made once; librosa makes the filters anew for each clip."""

    def __init__(self, rate: int, n_fft: int, hop: int, bins: int) -> None:
        self.n_fft, self.hop = n_fft, hop
        self.window = window("hann", n_fft).astype(np.float32)
        self.filters = mel_filters(rate, n_fft, bins, 0.0, rate / 2).astype(np.float32)

    def __call__(self, wave: np.ndarray) -> np.ndarray:
        """wave: (N,); returns (T, bins), each bin without its mean and over its deviation."""
        padded = np.pad(wave, self.n_fft // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.n_fft)[:: self.hop]
        power = np.abs(np.fft.rfft(frames * self.window)) ** 2
        logs = np.log(power @ self.filters + 1e-6)
        return (logs - logs.mean(0)) / (logs.std(0) + 1e-16)
