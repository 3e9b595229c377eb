"""Mel powers: what the front-ends in logarithms and in decibels stand on."""

from __future__ import annotations

import torch
from torch import Tensor

from experiments.frontend.base import emphasised, exact, masked, unrounded
from experiments.frontend.griffin_lim import ROUNDS, at_peak, griffin_lim, under_filters
from experiments.frontend.spectrum import Centred, spectrum_of
from experiments.frontend.table import Window, filters_on, window_on


class Mel(Centred):
    """Mel powers of waves; what is made of them is said by the classes that stand on it."""

    def __init__(
        self,
        rate: int,
        n_fft: int,
        hop: int,
        bins: int,
        window: Window = "hann",
        lowest: float = 0.0,
        emphasis: float = 0.0,
    ) -> None:
        """n_fft, hop: samples. lowest: Hz, of the first filter; the last ends at rate / 2.
        emphasis: of the waves beforehand, after their mean is taken off; 0: neither of the two."""
        super().__init__(rate, n_fft, hop)
        self.bins = bins
        self.window, self.lowest, self.emphasis = window, lowest, emphasis
        self.shape: tuple[int, ...] = (bins,)

    def powers(self, waves: Tensor, lengths: Tensor) -> Tensor:
        """waves: (B, N); returns (B, T, bins), where frames of the padding are of no meaning."""
        waves = masked(exact(waves), lengths)
        if self.emphasis:
            mean = waves.sum(1) / lengths.to(waves.device).clamp_min(1)
            waves = masked(emphasised(waves - mean[:, None], self.emphasis), lengths)
        with unrounded(waves):
            spectrum = spectrum_of(waves, window_on(waves, self.window, self.n_fft), self.hop)
            power = spectrum.real.square() + spectrum.imag.square()
            return power.transpose(1, 2) @ self._filters(waves)

    @torch.no_grad()
    def waves(self, powers: Tensor, samples: int, rounds: int = ROUNDS) -> Tensor:
        """powers: (B, T, bins) at any level, T = `frames(samples)`; rounds: of Griffin-Lim. Returns
        sounds (B, samples) that have about these, the peak of each at `griffin_lim.PEAK`."""
        assert powers.shape[1] == self.frames(samples), "frames and samples do not fit"
        assert not self.emphasis, "what is emphasised is not turned back"
        with unrounded(powers):
            found = under_filters(exact(powers), self._filters(exact(powers)))
            window = window_on(found, self.window, self.n_fft)
            return at_peak(griffin_lim(found.sqrt(), samples, self.hop, window, rounds))

    def _filters(self, like: Tensor) -> Tensor:
        """(n_fft // 2 + 1, bins)."""
        return filters_on(like, self.rate, self.n_fft, self.bins, self.lowest, self.rate / 2)
