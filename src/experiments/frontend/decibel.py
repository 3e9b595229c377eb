"""Mel spectra in decibels below the loudest: of DAVEnet and Li, and the LMS of Chen."""

from __future__ import annotations

import torch
from torch import Tensor

from experiments.frontend.base import exact, masked
from experiments.frontend.griffin_lim import ROUNDS
from experiments.frontend.mel import Mel
from experiments.frontend.table import Window

LEAST = 1e-10  # of a power
RANGE = 80.0  # decibels that are told apart
MARGIN = 1.0  # decibels above the floor that networks which mean it may be off


class Decibels(Mel):
    """10 log10 of mel powers relative to the loudest of the utterance, down to -80 dB; in silence,
    which has no loudest, all are -80 dB."""

    def __call__(self, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        counts = self.counts(lengths)
        powers = masked(self.powers(waves, lengths), counts).clamp_min(LEAST)
        loudest = powers.amax((1, 2), keepdim=True)
        decibels = 10 * (powers.log10() - loudest.log10())
        decibels = torch.where(loudest > LEAST, decibels, -RANGE)
        return masked(decibels.clamp_min(-RANGE), counts), counts


class MelDecibels(Decibels):
    """As DAVEnet (Harwath 2018) and Li 2020 take them, in their released code.

    `normalise` gives dB + 80, so that the padding, which is 0, is silence; the network's first
    layer is a batch normalisation, to which the 80 are nothing. `legacy`: dB themselves, as they
    have it, where the padding is as loud as the loudest sound.
    """

    def __init__(
        self,
        rate: int,
        n_fft: int,
        hop: int,
        bins: int,
        window: Window = "hamming",
        lowest: float = 20.0,
        emphasis: float = 0.97,
        longest: int | None = None,
        legacy: bool = False,
    ) -> None:
        """longest: frames that are kept, from the first on; the loudest is sought in all."""
        super().__init__(rate, n_fft, hop, bins, window, lowest, emphasis)
        self.longest, self.legacy = longest, legacy

    def frames(self, samples: int) -> int:
        found = super().frames(samples)
        return found if self.longest is None else min(found, self.longest)

    def __call__(self, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        decibels, counts = super().__call__(waves, lengths)
        kept = decibels[:, : self.longest]
        return kept, counts.clamp_max(kept.shape[1])

    def normalise(self, features: Tensor, lengths: Tensor) -> Tensor:
        return masked(exact(features) + (0.0 if self.legacy else RANGE), lengths)


class LMS(Decibels):
    """The log-amplitude mel spectrum of Chen 2017 and CMCGAN; `normalise` scales it from -1
    (80 dB below the loudest) to 1, which is this project's choice."""

    def normalise(self, features: Tensor, lengths: Tensor) -> Tensor:
        return masked(exact(features) / (RANGE / 2) + 1.0, lengths)

    def denormalise(self, values: Tensor) -> Tensor:
        """The inverse of `normalise`; what is beyond -1 and 1 counts as these."""
        return (exact(values).clamp(-1.0, 1.0) - 1.0) * (RANGE / 2)

    def inverse(self, features: Tensor, samples: int, rounds: int = ROUNDS) -> Tensor:
        """features: (B, T, bins) in dB as `__call__` gives, T = `frames(samples)`. Returns sounds
        (B, samples), which are as loud as each other: how loud they were is lost. Where nothing
        is above the floor a sound is silent."""
        return self.waves(powers_of(exact(features)), samples, rounds)


def powers_of(decibels: Tensor) -> Tensor:
    """Of decibels (B, T, bins), relative to the loudest; none at all where no place is above the
    floor, which would be hiss at full level."""
    audible = decibels.amax((1, 2), keepdim=True) > MARGIN - RANGE
    return torch.where(audible, 10 ** (decibels / 10), 0.0)
