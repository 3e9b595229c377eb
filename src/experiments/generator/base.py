"""What generators of text-to-image systems have in common."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from experiments.generator.augmentation import ConditioningAugmentation

SEED_SIZE = 4  # side of the first map
Noise = Literal["normal", "uniform"]


class GeneratorOutput(NamedTuple):
    """What one forward pass gives.

    images: (B, 3, R, R) in [-1, 1] for each resolution R, smallest first. mu, logvar: (B, c) of the
    conditioning augmentation, None without one. attention: (B, T, H, W) of every stage after the
    first, empty unless it was asked for.
    """

    images: list[Tensor]
    mu: Tensor | None = None
    logvar: Tensor | None = None
    attention: tuple[Tensor, ...] | list[Tensor] = ()


class Generator(nn.Module):
    """A generator that draws from noise (B, noise_dim), the noise of its conditioning augmentation
    (B, condition_dim; 0 without one) and a sentence (B, text_dim)."""

    resolutions: list[int]  # of its pictures, smallest first
    noise_dim: int
    condition_dim: int
    attends: bool = False  # whether it also takes words (B, text_dim, T) and their mask (B, T)
    # It is always given normal noise; some spread it first (`as_uniform`).
    augmentation: ConditioningAugmentation  # of those that have one
    lower: tuple[nn.Module, ...] = ()  # what it took, trained, of a generator with fewer stages


def as_uniform(noise: Tensor) -> Tensor:
    """Normal noise of any shape as uniform noise in [-1, 1], by its own distribution function: what
    draws noise, mixes it or reads it from a picture need know nothing of it."""
    return torch.erf(noise / math.sqrt(2))


def doublings(resolution: int) -> int:
    """How often a 4x4 map is doubled up to a resolution; at least once."""
    ups = (resolution // SEED_SIZE).bit_length() - 1
    assert ups >= 1 and resolution == SEED_SIZE << ups, (
        f"the first resolution must be 8, 16, 32, ..., got {resolution}"
    )
    return ups
