"""Mel-frequency cepstral coefficients, one of the representations that Chen 2017 compared."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from experiments.frontend.base import exact, masked, unrounded
from experiments.frontend.decibel import RANGE, Decibels, powers_of
from experiments.frontend.griffin_lim import ROUNDS
from experiments.frontend.table import constant

SPREAD = 10.0  # dB: of a frame, from bin to bin


class MFCC(Decibels):
    """The first cosines in each frame of decibels below the loudest (DCT-II, orthonormal).

    `normalise` divides by the root of the number of bins: the first, the mean level, then from -1
    (-80 dB) to 1 as LMS is, the others over `SPREAD`; this project's choice.
    """

    def __init__(self, rate: int, n_fft: int, hop: int, bins: int, coefficients: int) -> None:
        """n_fft, hop: samples. bins: mel filters."""
        super().__init__(rate, n_fft, hop, bins)
        assert coefficients <= bins, "there are no more coefficients than bins"
        self.coefficients = coefficients
        self.shape = (coefficients,)

    def __call__(self, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        decibels, counts = super().__call__(waves, lengths)
        with unrounded(decibels):
            return decibels @ self._cosines(decibels), counts

    def normalise(self, features: Tensor, lengths: Tensor) -> Tensor:
        scaled = exact(features) / math.sqrt(self.bins)
        level, shape = scaled[..., :1] / (RANGE / 2) + 1.0, scaled[..., 1:] / SPREAD
        return masked(torch.cat([level, shape], dim=-1), lengths)

    def denormalise(self, values: Tensor) -> Tensor:
        """The inverse of `normalise`."""
        level, shape = exact(values)[..., :1], exact(values)[..., 1:]
        scaled = torch.cat([(level - 1.0) * (RANGE / 2), shape * SPREAD], dim=-1)
        return scaled * math.sqrt(self.bins)

    def inverse(self, features: Tensor, samples: int, rounds: int = ROUNDS) -> Tensor:
        """features: (B, T, coefficients) as `__call__` gives, T = `frames(samples)`. Returns sounds
        (B, samples) as that of LMS; what the cosines that are left out told is lost."""
        features = exact(features)
        with unrounded(features):
            decibels = (features @ self._cosines(features).T).clamp(-RANGE, 0.0)
        return self.waves(powers_of(decibels), samples, rounds)

    def _cosines(self, like: Tensor) -> Tensor:
        return _cosines(like.device, like.dtype, self.bins, self.coefficients)


def cosines(bins: int, count: int) -> np.ndarray:
    """(bins, count) in double precision: orthonormal columns."""
    turns = np.outer(np.arange(bins) + 0.5, np.arange(count)) / bins
    return np.cos(np.pi * turns) * np.where(np.arange(count), 2 / bins, 1 / bins) ** 0.5


@lru_cache(maxsize=64)
def _cosines(device: torch.device, dtype: torch.dtype, bins: int, count: int) -> Tensor:
    return constant(cosines(bins, count), device, dtype)
