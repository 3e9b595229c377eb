"""The adversarial losses of AttnGAN, on logits (the released code's weights, not the paper's)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

Logits = tuple[Tensor, Tensor | None]


def binary_loss(logits: Tensor, target: float) -> Tensor:
    """Mean binary cross-entropy of logits of any shape against one target in [0, 1], in float32."""
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


class AdversarialLoss:
    """Conditional and unconditional binary cross-entropy of one stage."""

    def __init__(self, weight: float = 1.0, label_smoothing: float = 0.0) -> None:
        """`label_smoothing` s: the discriminator's target for real images is 1 - s, one-sided."""
        assert 0.0 <= label_smoothing < 1.0, "label_smoothing must lie in [0, 1)"
        self.weight = weight
        self.real_target = 1.0 - label_smoothing

    def discriminator(
        self, real: Logits, fake: Logits, wrong: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Weighted terms by name; the loss is their sum.

        real, fake: (conditional, unconditional) logits; wrong: conditional logits of real images
        with sentences that are not theirs (any number of pairs). With u for unconditional:
            (u_real + c_real) / 2 + (u_fake + c_fake + c_wrong) / 3
            c_real + (c_fake + c_wrong) / 2           without the unconditional head
        In each case "real" and "fake" are means over what is there, so `wrong=None` leaves
        (u_fake + c_fake) / 2, or c_fake.
        """
        positive = {"conditional_real": real[0], "unconditional_real": real[1]}
        negative = {
            "conditional_fake": fake[0],
            "unconditional_fake": fake[1],
            "conditional_wrong": wrong,
        }
        return _mean_terms(positive, self.real_target) | _mean_terms(negative, 0.0)

    def generator(self, fake: Logits) -> Tensor:
        """BCE(c, 1) + BCE(u, 1): the non-saturating loss of one stage, a scalar."""
        conditional, unconditional = fake
        loss = binary_loss(conditional, 1.0)
        return loss if unconditional is None else loss + binary_loss(unconditional, 1.0)


def _mean_terms(logits: dict[str, Tensor | None], target: float) -> dict[str, Tensor]:
    present = {name: x for name, x in logits.items() if x is not None}
    return {name: binary_loss(x, target) / len(present) for name, x in present.items()}
