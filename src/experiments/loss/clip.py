"""The losses of TGANs-C (Pan et al. 2017, section 3.2), of the clip, its frames and what moves
between them; and the temporal constraint, which the generator alone has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from torch import Tensor

from experiments.loss.criterion import Criterion, Form

Reduction = Literal["third", "half"]
Space = Literal["feature", "pixel"]


class ClipLoss:
    """Losses of triplets: a real clip, a real one of another caption, a generated one.

    L_l is the mean over all logits of a level l; L_D = sum of w_l L_l / n over the n levels that
    judge, L_G the same over levels and, where there is one, the temporal constraint.
    """

    def __init__(
        self,
        weights: Mapping[str, float],
        weight: float = 1.0,
        reduction: Reduction = "third",
        form: Form = "binary",
        label_smoothing: float = 0.0,
    ) -> None:
        """`weights` w by level, video, frame and motion, and of the constraint: 1 as published.
        `weight`: of all of them. `reduction`: third is (real + wrong + fake) / 3, as published;
        half is GAN-CLS's real + (wrong + fake) / 2. `form` and `label_smoothing` as `Criterion`.
        """
        assert reduction in get_args(Reduction), reduction
        self.weights, self.weight, self.reduction = dict(weights), weight, reduction
        self.criterion = Criterion(form, label_smoothing)

    def discriminator(
        self, level: str, real: Tensor, fake: Tensor, wrong: Tensor | None, levels: int
    ) -> dict[str, Tensor]:
        """Terms of a level, whose logits have any shape, as its share of the loss of `levels`.
        Where the form is relativistic, each is compared with the real one at its place, and the two
        kinds count half each, whatever `reduction` says."""
        share = self.weights[level] / levels
        third = 1 / 3 if self.reduction == "third" and wrong is not None else 1.0
        half = 0.5 if self.reduction == "half" and wrong is not None else third
        if self.criterion.relativistic:
            part = share * (1.0 if wrong is None else 0.5)
            pairs = {"fake": fake} | ({} if wrong is None else {"wrong": wrong})
            return {n: part * self.criterion.above(real, below) for n, below in pairs.items()}
        terms = {
            "real": share * third * self.criterion.real(real),
            "fake": share * half * self.criterion.fake(fake),
        }
        if wrong is not None:
            terms["wrong"] = share * half * self.criterion.fake(wrong)
        return terms

    def generator(self, level: str, fake: Tensor, terms: int, real: Tensor | None = None) -> Tensor:
        """The share of a level of the generator's loss, which has so many `terms`. `real`: where
        the form is relativistic, the logits of real clips, constants here."""
        return self.weights[level] / terms * self.criterion.fool(fake, real)

    def constraint(self, values: Tensor, terms: int) -> Tensor:
        """The share of the temporal constraint: how much values (B, F, T, h, w) change from frame
        to frame."""
        return self.weights["constraint"] / terms * temporal_constraint(values)


def temporal_constraint(values: Tensor) -> Tensor:
    """L_tC of values (B, F, T, h, w): the mean of squared differences of each frame and the one
    before. The paper has the sum over what a frame has, which would outweigh all other terms."""
    values = values.float()
    return (values[:, :, 1:] - values[:, :, :-1]).square().mean()
