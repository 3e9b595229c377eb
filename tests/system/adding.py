"""What the tests of several systems add up."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.system.base import Losses


def total(losses: Losses) -> Tensor:
    """All terms with their weights."""
    return torch.stack([term.value * term.weight for term in losses.values()]).sum()


def bce(logits: Tensor | None, target: float) -> Tensor:
    """Of logits that should all say `target`."""
    assert logits is not None
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
