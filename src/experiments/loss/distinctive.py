"""Vectors say their class: the distinctive loss of S2IGAN (Wang et al. 2020)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


class DistinctiveLoss:
    """A cross-entropy over the classes for each side, from one shared linear layer."""

    def __init__(self, weight: float = 1.0) -> None:
        """A weight of 0: there are no classes to tell apart, and no layer."""
        assert weight >= 0, f"weight={weight}: must not be negative"
        self.weight = weight

    def __call__(
        self, speech_logits: Tensor, image_logits: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """Logits (B, classes) of recordings and of pictures; labels (B,). The loss is the sum."""
        with torch.autocast(labels.device.type, enabled=False):
            return {
                "class_of_speech": F.cross_entropy(speech_logits.float(), labels),
                "class_of_image": F.cross_entropy(image_logits.float(), labels),
            }
