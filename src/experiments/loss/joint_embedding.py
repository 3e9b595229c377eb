"""The structured joint embedding loss (Reed et al. 2016, CVPR, section 3)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Reduction = Literal["mean", "max"]


class JointEmbeddingLoss:
    """A right pair must score a margin above every pair of one side with another class's."""

    def __init__(
        self,
        margin: float = 1.0,
        symmetric: bool = True,
        reduction: Reduction = "mean",
        weight: float = 1.0,
    ) -> None:
        """`symmetric`: classes by text and by image as in equation 2; else by image alone, the
        paper's asymmetric form. `reduction`: `mean` sums the violations over the other classes and
        divides by B^2 (`train_sje_hybrid.lua`), `max` takes each sample's largest and divides by B
        (the paper's bound on the 0-1 loss, section 3, over the classes of the batch).
        """
        assert margin > 0, f"without a margin all vectors may be equal, got {margin}"
        assert reduction in ("mean", "max"), reduction
        self.margin, self.symmetric, self.reduction = margin, symmetric, reduction
        self.weight = weight

    def __call__(self, sentence: Tensor, vector: Tensor) -> dict[str, Tensor]:
        """sentence, vector: (B, D), row i of both from class i, all classes different.

        F(v, t) = v . t. Returns L_v, `image_to_text`, the mean over i of the violations
        max(0, margin + F(v_i, t_j) - F(v_i, t_i)), j != i, and with `symmetric` L_t,
        `text_to_image`, with the roles swapped; the loss is their sum.
        """
        assert sentence.shape == vector.shape, "captions and images come in pairs"
        with torch.autocast(sentence.device.type, enabled=False):
            scores = vector.float() @ sentence.float().t()  # (image, text)
            losses = {"image_to_text": self._violation(scores)}
            if self.symmetric:
                losses["text_to_image"] = self._violation(scores.t())
            return losses

    def _violation(self, scores: Tensor) -> Tensor:
        """scores: (B, B), a query in each row and its own pair on the diagonal."""
        own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
        excess = (self.margin + scores - scores.diagonal()[:, None]).relu().masked_fill(own, 0)
        if self.reduction == "max":
            return excess.amax(dim=1).mean()
        return excess.mean()
