"""Feature matching: pictures that are made look to the judge, on average, as real ones do
(Salimans et al. 2016, section 3.1; Wav2Pix, Duarte et al. 2019, as released)."""

from __future__ import annotations

import torch
from torch import Tensor


class FeatureMatching:
    """The squared distance of mean features."""

    def __init__(self, weight: float = 100.0) -> None:
        self.weight = weight

    def __call__(self, fake: Tensor, real: Tensor) -> Tensor:
        """Means over a batch, of any shape -> the mean of their squared differences, a scalar."""
        with torch.autocast(fake.device.type, enabled=False):
            return (fake.float() - real.float()).square().mean()
