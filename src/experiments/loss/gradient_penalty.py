"""Zero-centred penalties on the gradient of a discriminator with respect to what it judges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from experiments.optim.cosine import cosine

Place = Literal["real", "fake", "between", "both"]
PenaltyNorm = Literal["joint", "sum"]


class GradientPenalty:
    """weight x E ||grad||^power, every `interval` steps with `interval` times the weight.

    R1 (Mescheder et al. 2018, section 4.1): at real pictures, power 2, weight gamma / 2. "fake" is
    their R2, "both" is R1 and R2 (R3GAN, Huang et al. 2024); "between" takes random points on the
    way from a real picture to a fake one. The matching-aware penalty (DF-GAN, Tao et al. 2022):
    real pictures and their sentence, power 6, weight 2, of one norm over both, as released.
    Intervals of 16 steps are StyleGAN2's.
    """

    def __init__(
        self,
        weight: float = 0.0,
        power: float = 2.0,
        text: bool = False,
        at: Place = "real",
        interval: int = 1,
        joined: bool = False,
        norm: PenaltyNorm = "joint",
        weight_end: float | None = None,
        cosine_images: int | None = None,
    ) -> None:
        """`text`: the gradient with respect to the sentence counts as well, at real pictures.
        `norm`: of both, one joint norm, as DF-GAN released it, or the sum of two, as its paper
        writes it. `joined`: the penalty is a part of the discriminator's loss, of the same logits,
        in one step of the optimiser; otherwise it is a phase with a step of its own.
        `weight_end`: what the weight has become after `cosine_images` images, along half a cosine.
        """
        assert weight >= 0, f"weight={weight}: must not be negative"
        assert power > 0, f"power={power}: must be positive"
        assert interval >= 1, "interval must be at least 1"
        assert not joined or interval == 1 or not weight, (
            f"interval={interval}: a joined penalty is of every step, so this must be 1"
        )
        assert not joined or at != "between", "at: a joined penalty is of what is judged: real, ..."
        assert weight_end is None or weight_end >= 0, f"weight_end={weight_end}: must be from 0"
        assert (weight_end is None) == (cosine_images is None), (
            "weight_end and cosine_images must be given together, or neither"
        )
        assert cosine_images is None or cosine_images >= 1, "cosine_images must be at least 1"
        self.weight, self.power, self.text, self.at = weight, power, text, at
        self.interval, self.joined, self.norm = interval, joined, norm
        self.weight_end, self.cosine_images = weight_end, cosine_images

    def weight_at(self, images: int) -> float:
        """Its weight in a step after so many images, a longer interval's share with it."""
        weight = self.weight
        if self.weight_end is not None and self.cosine_images is not None:
            weight = cosine(weight, self.weight_end, images, self.cosine_images)
        return weight * self.interval

    @property
    def of_real(self) -> bool:
        """Whether real pictures are a place where it is taken."""
        return self.at in ("real", "both")

    @property
    def of_fake(self) -> bool:
        """The same of fake ones."""
        return self.at in ("fake", "both")

    def places(self, real: Tensor, fake: Tensor, share: Tensor) -> dict[str, Tensor]:
        """Where the gradient is taken, by what stands behind the name of its term: leaves
        (B, ...) in float32 of their own.

        real, fake: (B, ...), pictures or clips; share: (B, 1, ...), of the way from the one to the
        other.
        """
        ends = real.detach().float(), fake.detach().float()
        found = {}
        if self.at == "between":
            found[""] = torch.lerp(*ends, share.view(-1, *[1] * (real.dim() - 1)))
        if self.of_real:
            found[""] = ends[0].clone()
        if self.of_fake:
            found["_fake" if self.at == "both" else ""] = ends[1].clone()
        return {name: place.requires_grad_() for name, place in found.items()}

    def __call__(self, logits: Tensor, inputs: Sequence[Tensor]) -> Tensor:
        """Mean over the batch of ||d logits_b / d inputs_b||^power, a scalar with a gradient.

        logits (B, ...), which must depend on the inputs (B, ...) of their own row; with batch norm
        they depend on those of others too, and so does the penalty.
        """
        gradients = torch.autograd.grad(logits.sum(), list(inputs), create_graph=True)
        squares = torch.stack([g.float().flatten(1).square().sum(1) for g in gradients])
        if self.norm == "sum" and len(squares) > 1:
            return (squares + 1e-12).sqrt().sum(0).pow(self.power).mean()
        squares = squares.sum(0)
        if self.power == 2:
            return squares.mean()
        # The root has no gradient at zero, where the penalty has none either.
        return (squares + 1e-12).pow(self.power / 2).mean()
