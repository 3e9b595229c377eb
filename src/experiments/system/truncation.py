"""Truncated noise in sampling: fewer odd pictures, and less variety (Tao et al. 2022, released)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TAIL = 2.0  # deviations


def truncated(noise: Tensor, scale: float | None) -> Tensor:
    """Normal noise of any shape as DF-GAN and GALIP released their samples: within two deviations,
    times `scale` (0.88 there), by the distribution functions, so that a seed stays recognisable.
    None: as it is."""
    if scale is None:
        return noise
    uniform = torch.erf(noise.double() / math.sqrt(2)) * math.erf(TAIL / math.sqrt(2))
    return (scale * math.sqrt(2) * torch.erfinv(uniform)).to(noise.dtype)
