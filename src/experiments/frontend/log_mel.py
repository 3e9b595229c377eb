"""The log-mel frames of S2IGAN (Wang 2020, released code)."""

from __future__ import annotations

import torch
from torch import Tensor

from experiments.frontend.base import exact, masked
from experiments.frontend.mel import Mel


class LogMel(Mel):
    """ln(power + offset), of which `normalise` takes mean and deviation off each bin of each
    utterance (S2IGAN, released code)."""

    takes_frames = True  # those that data sets bring as S2IGAN made them

    def __init__(
        self, rate: int, n_fft: int, hop: int, bins: int, offset: float = 1e-6, eps: float = 1e-16
    ) -> None:
        """offset: added to a power. eps: added to a deviation."""
        super().__init__(rate, n_fft, hop, bins)
        self.offset, self.eps = offset, eps

    def __call__(self, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        counts = self.counts(lengths)
        return masked((self.powers(waves, lengths) + self.offset).log(), counts), counts

    def normalise(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Mean 0 and deviation 1 of each bin over the frames of each utterance; a bin that never
        changes is 0."""
        # Of differences from the first frame: a constant then has a deviation of exactly 0, where
        # rounding, over eps, would be huge.
        values = exact(features)
        values = masked(values - values[:, :1].detach(), lengths)
        count = lengths.to(values.device).clamp_min(1)[:, None, None]
        centred = masked(values - values.sum(1, keepdim=True) / count, lengths)
        variance = centred.square().sum(1, keepdim=True) / count
        varies = variance > 0  # the slope of a root at 0 has no end
        deviation = torch.where(varies, variance, 1.0).sqrt()
        return centred / (torch.where(varies, deviation, 0.0) + self.eps)
