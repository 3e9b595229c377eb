"""Spectra that are not in logarithms: two of the five that Chen 2017 compared."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from experiments.frontend.base import exact, masked, unrounded
from experiments.frontend.griffin_lim import ROUNDS, at_peak, griffin_lim
from experiments.frontend.mel import Mel
from experiments.frontend.spectrum import Centred, spectrum_of
from experiments.frontend.table import window_on


class Linear(Centred):
    """Strengths over the greatest of the utterance: from 0 to 1, which half precision holds down to
    6e-8. `normalise` scales them from -1 to 1. Both are this project's choice; silence is 0."""

    @abstractmethod
    def strengths(self, waves: Tensor, lengths: Tensor) -> Tensor:
        """waves: (B, N); returns (B, T, F) >= 0, where frames of the padding are of no meaning."""

    def __call__(self, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        counts = self.counts(lengths)
        values = masked(self.strengths(waves, lengths), counts)
        greatest = values.amax((1, 2), keepdim=True)
        return values / torch.where(greatest > 0, greatest, 1.0), counts

    def normalise(self, features: Tensor, lengths: Tensor) -> Tensor:
        return masked(exact(features) * 2.0 - 1.0, lengths)

    def denormalise(self, values: Tensor) -> Tensor:
        """The inverse of `normalise`; what is beyond -1 and 1 counts as these."""
        return (exact(values).clamp(-1.0, 1.0) + 1.0) / 2.0


class MS(Mel, Linear):
    """The mel spectrum of Chen 2017: mel powers, of which LMS is the logarithm."""

    def strengths(self, waves: Tensor, lengths: Tensor) -> Tensor:
        return self.powers(waves, lengths)

    def inverse(self, features: Tensor, samples: int, rounds: int = ROUNDS) -> Tensor:
        """features: (B, T, bins) as `__call__` gives, T = `frames(samples)`. Returns sounds
        (B, samples), which are as loud as each other: how loud they were is lost."""
        return self.waves(features, samples, rounds)


class STFT(Linear):
    """The spectrum of Chen 2017: amplitudes of the Fourier transform of each frame."""

    def __init__(self, rate: int, n_fft: int, hop: int) -> None:
        """n_fft, hop: samples."""
        super().__init__(rate, n_fft, hop)
        self.shape: tuple[int, ...] = (n_fft // 2 + 1,)

    def strengths(self, waves: Tensor, lengths: Tensor) -> Tensor:
        waves = masked(exact(waves), lengths)
        with unrounded(waves):
            window = window_on(waves, "hann", self.n_fft)
            return spectrum_of(waves, window, self.hop).abs().transpose(1, 2)

    @torch.no_grad()
    def inverse(self, features: Tensor, samples: int, rounds: int = ROUNDS) -> Tensor:
        """As that of `MS`."""
        assert features.shape[1] == self.frames(samples), "frames and samples do not fit"
        amplitudes = exact(features)
        with unrounded(amplitudes):
            window = window_on(amplitudes, "hann", self.n_fft)
            return at_peak(griffin_lim(amplitudes, samples, self.hop, window, rounds))
