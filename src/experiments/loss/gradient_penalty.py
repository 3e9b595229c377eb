"""Zero-centred penalties on the gradient of a discriminator with respect to what it judges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

Place = Literal["real", "fake", "between"]


class GradientPenalty:
    """weight x E ||grad||^power, every `interval` steps with `interval` times the weight.

    R1 (Mescheder et al. 2018, section 4.1): at real pictures, power 2, weight gamma / 2. "fake" is
    their R2; "between" takes random points on the way from a real picture to a fake one. The
    matching-aware penalty (DF-GAN, Tao et al. 2022): real pictures and their sentence, power 6,
    weight 2, of one norm over both, as released. Intervals of 16 steps are StyleGAN2's.
    """

    def __init__(
        self,
        weight: float = 0.0,
        power: float = 2.0,
        text: bool = False,
        at: Place = "real",
        interval: int = 1,
    ) -> None:
        """`text`: the gradient with respect to the sentence counts as well, in one norm."""
        assert weight >= 0, f"weight={weight}: must not be negative"
        assert power > 0, f"power={power}: must be positive"
        assert interval >= 1, "interval must be at least 1"
        self.weight, self.power, self.text, self.at = weight, power, text, at
        self.interval = interval

    def place(self, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
        """Where the gradient is taken: a leaf (B, 3, R, R) in float32 of its own.

        real, fake: (B, 3, R, R); share: (B, 1, 1, 1), of the way from the one to the other.
        """
        ends = real.detach().float(), fake.detach().float()
        places = {"real": ends[0].clone(), "fake": ends[1].clone()}
        found = places[self.at] if self.at in places else torch.lerp(*ends, share)
        return found.requires_grad_()

    def __call__(self, logits: Tensor, inputs: Sequence[Tensor]) -> Tensor:
        """Mean over the batch of ||d logits_b / d inputs_b||^power, a scalar with a gradient.

        logits (B,), which must depend on the inputs (B, ...) of their own row; with batch norm they
        depend on those of others too, and so does the penalty.
        """
        gradients = torch.autograd.grad(logits.sum(), list(inputs), create_graph=True)
        squares = torch.stack([g.float().flatten(1).square().sum(1) for g in gradients]).sum(0)
        if self.power == 2:
            return squares.mean()
        # The root has no gradient at zero, where the penalty has none either.
        return (squares + 1e-12).pow(self.power / 2).mean()
