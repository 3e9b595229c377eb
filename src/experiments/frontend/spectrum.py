"""Frames centred on multiples of a hop, as librosa has them, and their Fourier transform."""

from __future__ import annotations

import torch
from torch import Tensor

from experiments.frontend.base import FrontEnd


class Centred(FrontEnd):
    """What front-ends of such frames share; the ends of a wave are padded with zeros."""

    def __init__(self, rate: int, n_fft: int, hop: int) -> None:
        """n_fft, hop: samples."""
        self.rate, self.n_fft, self.hop = rate, n_fft, hop

    def frames(self, samples: int) -> int:
        """One a hop, the first around the first sample. An odd n_fft reaches one sample less to
        its two sides, so a wave of whole hops has one less."""
        return max(0, 1 + (samples - self.n_fft % 2) // self.hop)

    def counts(self, lengths: Tensor) -> Tensor:
        """`frames` of each."""
        found = 1 + torch.div(lengths - self.n_fft % 2, self.hop, rounding_mode="floor")
        return found.clamp_min(0)


def spectrum_of(waves: Tensor, window: Tensor, hop: int) -> Tensor:
    """waves: (B, N), window: (n_fft,). Returns complex (B, n_fft // 2 + 1, T)."""
    return torch.stft(
        waves,
        len(window),
        hop,
        window=window,
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
