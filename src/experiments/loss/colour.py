"""Colour consistency of neighbouring stages (StackGAN-v2, section 4.3)."""

from __future__ import annotations

import torch
from torch import Tensor


def colour_statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """images (B, 3, H, W) -> means (B, 3) and covariances (B, 3, 3) of their pixels, in float32."""
    pixels = images.float().flatten(2)
    mean = pixels.mean(dim=2)
    centred = pixels - mean[:, :, None]
    return mean, torch.bmm(centred, centred.transpose(1, 2)) / pixels.shape[2]


class ColourLoss:
    """How far a stage's colours are from those of the stage below it, which is the reference."""

    def __init__(self, weight: float = 0.0, covariance_weight: float = 5.0) -> None:
        """`weight`: lambda_c; released: 0 for birds, 50 where there is no text."""
        self.weight, self.covariance_weight = weight, covariance_weight

    def __call__(self, larger: Tensor, smaller: Tensor) -> Tensor:
        """MSE(mu_i, mu_{i-1}) + 5 MSE(Sigma_i, Sigma_{i-1}); (B, 3, R, R) of two stages."""
        mean, covariance = colour_statistics(larger)
        reference_mean, reference_covariance = colour_statistics(smaller.detach())
        spread = (covariance - reference_covariance).square().mean()
        return (mean - reference_mean).square().mean() + self.covariance_weight * spread
