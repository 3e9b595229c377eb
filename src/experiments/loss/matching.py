"""Speech and pictures find each other: the matching loss of S2IGAN (Wang et al. 2020)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


class MatchingLoss:
    """Two cross-entropies over a batch: each picture finds its recording, and the other way.

    Where all classes differ it is the symmetric InfoNCE loss at a temperature of 1 / beta.
    """

    def __init__(self, beta: float = 10.0, weight: float = 1.0) -> None:
        """`beta` sharpens the cosines."""
        assert beta > 0, f"beta={beta}: must be positive"
        self.beta, self.weight = beta, weight

    def __call__(
        self, speech: Tensor, vector: Tensor, labels: Tensor | None = None
    ) -> dict[str, Tensor]:
        """speech, vector: (B, D), of any length, recording i of picture i. labels (B,) int: other
        pairs of the same label are no negatives, and get no gradient.

        S_ij = beta cos(x_i, y_j), picture i with recording j. Returns `image_to_speech` over its
        rows and `speech_to_image` over its columns; the loss is their sum.
        """
        assert speech.shape == vector.shape, "recordings and images come in pairs"
        with torch.autocast(speech.device.type, enabled=False):
            x, y = F.normalize(vector.float(), dim=1), F.normalize(speech.float(), dim=1)
            scores = self.beta * x @ y.t()
            target = torch.arange(len(scores), device=scores.device)
            if labels is not None:
                same = labels[:, None] == labels[None, :]
                same = same & (target[:, None] != target[None, :])  # its own pair stays
                scores = scores.masked_fill(same, -math.inf)
            return {
                "image_to_speech": F.cross_entropy(scores, target),
                "speech_to_image": F.cross_entropy(scores.t(), target),
            }
