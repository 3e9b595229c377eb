"""Batch norm whose scale and shift are told (de Vries et al. 2017, conditional batch norm; with
noise beside the condition, Chen et al. 2019, self-modulation)."""

from __future__ import annotations

from torch import Tensor, nn


class ConditionalBatchNorm(nn.Module):
    """Statistics of the batch; then (1 + scale) x + shift, both linear in the condition."""

    def __init__(self, channels: int, condition_dim: int, dims: int = 3) -> None:
        """`dims` 2 for maps, 3 for clips."""
        super().__init__()
        norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
        self.norm = norms[dims - 1](channels, affine=False)
        self.told = nn.Linear(condition_dim, 2 * channels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x (B, C, ...), condition (B, condition_dim)."""
        told = self.told(condition).view(len(x), -1, *(1,) * (x.dim() - 2))
        scale, shift = told.chunk(2, dim=1)
        return self.norm(x) * (1 + scale) + shift
