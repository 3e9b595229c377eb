"""Sound of a spectrogram, which says how loud each frequency is and not in which phase.

The phases are sought: Griffin and Lim (1984), in the fast form of Perraudin, Balazs and Sondergaard
(2013). All begin with the same phases, so the same spectrogram is the same sound, in any batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from experiments.frontend.spectrum import spectrum_of

ROUNDS = 60  # docs/frontend.md has the measurement
MOMENTUM = 0.99  # Perraudin 2013, section 4
SHARES = 30  # rounds for the powers under mel filters
PEAK = 0.5  # of full scale: a spectrogram relative to its loudest place has no level
SEED = 0  # of the first phases
LEAST = 1e-12  # of an amplitude and of a power that something is divided by


def griffin_lim(
    amplitudes: Tensor, samples: int, hop: int, window: Tensor, rounds: int = ROUNDS
) -> Tensor:
    """amplitudes: (B, T, n_fft // 2 + 1) >= 0 of frames centred on multiples of `hop`, T = 1 +
    samples // hop of an even n_fft; window: (n_fft,).

    Returns waves (B, samples) whose spectrum has about these amplitudes.
    """
    wanted = amplitudes.transpose(1, 2)
    drawn = torch.rand(wanted.shape[1:], generator=torch.Generator().manual_seed(SEED))
    angle = 2 * torch.pi * drawn.to(wanted)
    phases = torch.polar(torch.ones_like(angle), angle).expand_as(wanted)
    before = torch.zeros_like(phases)

    def waves_of(spectrum: Tensor) -> Tensor:
        return torch.istft(spectrum, len(window), hop, window=window, length=samples)

    for _ in range(rounds):
        found = spectrum_of(waves_of(wanted * phases), window, hop)
        further = found + MOMENTUM * (found - before)
        phases, before = further / further.abs().clamp_min(LEAST), found
    return waves_of(wanted * phases)


def under_filters(mels: Tensor, filters: Tensor, rounds: int = SHARES) -> Tensor:
    """Powers (B, T, K) >= 0 that give `mels` (B, T, F) through filters (K, F).

    There are more of them than mels. A power begins as what its filters hold, spread evenly, and is
    multiplied in each round by how much the mels around it are short (Richardson 1972, Lucy 1974:
    the Kullback-Leibler divergence falls), which is as exact for soft bins as for loud ones.
    """
    area = filters.sum(1).clamp_min(LEAST)
    powers = mels @ filters.T / area
    for _ in range(rounds):
        short = mels / (powers @ filters).clamp_min(LEAST)
        powers = powers * (short @ filters.T / area)
    return powers


def at_peak(waves: Tensor) -> Tensor:
    """(B, N): the loudest sample of each is `PEAK`; silence stays silent."""
    loudest = waves.abs().amax(1, keepdim=True)
    return torch.where(loudest > 0, waves * (PEAK / loudest), waves)
