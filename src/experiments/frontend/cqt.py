"""The constant-Q transform, one of the representations that Chen 2017 compared: a filter for each
half tone, each as long as the same number of its periods (Brown 1991)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from experiments.frontend.base import exact, masked, unrounded
from experiments.frontend.linear import Linear
from experiments.frontend.table import constant

HANN = 1.5  # bins that pass a Hann window as much noise as it does


class CQT(Linear):
    """Amplitudes of filters that are `per_octave` to an octave, over the greatest.

    They are librosa's (`filters.wavelet`), at the rate of the wave; `librosa.cqt` lowers the rate
    from octave to octave, which the resampler shows in. It has no inverse.
    """

    def __init__(
        self, rate: int, hop: int, bins: int = 84, lowest: float = 32.703, per_octave: int = 12
    ) -> None:
        """hop: samples. lowest: Hz of the first filter."""
        super().__init__(rate, 2, hop)  # frames of any even size
        self.bins, self.lowest, self.per_octave = bins, lowest, per_octave
        self.shape: tuple[int, ...] = (bins,)
        highest = lowest * 2 ** ((bins - 1) / per_octave) * (1 + HANN / 2 * relative(per_octave))
        assert highest <= rate / 2, f"the highest filter ends at {highest:.0f} Hz, over rate / 2"

    def strengths(self, waves: Tensor, lengths: Tensor) -> Tensor:
        """Octave by octave: the filters of the lowest are 2 ** (octaves - 1) times as long."""
        waves = masked(exact(waves), lengths)
        found = []
        for first in range(0, self.bins, self.per_octave):
            bins = (first, min(first + self.per_octave, self.bins))
            filters = filters_on(waves, self.rate, self.lowest, self.per_octave, bins)
            reach = len(filters) // 2
            framed = functional.pad(waves, (reach, reach)).unfold(1, len(filters), self.hop)
            with unrounded(waves):
                real, imaginary = (framed @ filters).chunk(2, dim=2)
                found.append(torch.complex(real, imaginary).abs())
        return torch.cat(found, dim=2)


def relative(per_octave: int) -> float:
    """The width of a filter over its frequency: 1 / Q, with which neighbours just meet."""
    ratio = 2.0 ** (2 / per_octave)
    return (ratio - 1) / (ratio + 1)


def filters_of(rate: int, lowest: float, per_octave: int, bins: tuple[int, int]) -> np.ndarray:
    """(2 reach, 2 n) in double precision, of n filters from the first bin up to before the
    second: real parts, then imaginary; the centre of a frame is at `reach`.

    A Hann window of `length` samples, rate / (width frequency), that turns; its sum is 1, and then
    it is scaled by the root of its length, so that a filter of any length passes noise alike.
    """
    hertz = lowest * 2.0 ** (np.arange(*bins) / per_octave)
    lengths = rate / (hertz * relative(per_octave))
    reach = int(lengths[0] // 2) + 2
    made = np.zeros((2 * reach, len(hertz)), complex)
    for bin_, (frequency, length) in enumerate(zip(hertz, lengths, strict=True)):
        place = np.arange(-length // 2, length // 2)
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(len(place)) / len(place))
        turning = window * np.exp(2j * np.pi * frequency / rate * place)
        made[reach - place.astype(int), bin_] = turning / window.sum() * length**0.5
    return np.concatenate([made.real, made.imag], axis=1)


def filters_on(
    like: Tensor, rate: int, lowest: float, per_octave: int, bins: tuple[int, int]
) -> Tensor:
    """`filters_of` where `like` is and in its precision, made once for each."""
    return _filters(like.device, like.dtype, rate, lowest, per_octave, bins)


@lru_cache(maxsize=64)
def _filters(
    device: torch.device,
    dtype: torch.dtype,
    rate: int,
    lowest: float,
    per_octave: int,
    bins: tuple[int, int],
) -> Tensor:
    return constant(filters_of(rate, lowest, per_octave, bins), device, dtype)
