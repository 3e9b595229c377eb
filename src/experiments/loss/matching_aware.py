"""The losses of Reed 2016: real pairs, fake ones, and real pictures with another's sentence."""

from __future__ import annotations

from torch import Tensor

from experiments.loss.criterion import Criterion, Form


class MatchingAwareLoss:
    """GAN-CLS (section 4.2) and, with StackGAN's half and half, its two stages (equation 3)."""

    def __init__(
        self,
        weight: float = 1.0,
        mismatch_weight: float = 0.5,
        label_smoothing: float = 0.0,
        form: Form = "binary",
    ) -> None:
        """`mismatch_weight` w: the share of wrong pairs in what the discriminator should refuse; 0
        is a plain conditional GAN. `form` and `label_smoothing` are those of `Criterion`.
        """
        assert 0.0 <= mismatch_weight <= 1.0, "mismatch_weight must lie in [0, 1]"
        self.weight, self.mismatch_weight = weight, mismatch_weight
        self.criterion = Criterion(form, label_smoothing)

    def discriminator(
        self, real: Tensor, fake: Tensor, wrong: Tensor | None = None
    ) -> dict[str, Tensor]:
        """L(real, 1) + w L(wrong, 0) + (1 - w) L(fake, 0), by name; w = 0 where there is no wrong.

        All are logits (B,). Where the form is relativistic: w L(real above wrong) + (1 - w) L(real
        above fake), and "real" is no term of its own.
        """
        share = self.mismatch_weight if wrong is not None else 0.0
        if self.criterion.relativistic:
            terms = {"fake": (1.0 - share) * self.criterion.above(real, fake)}
            if wrong is not None:
                terms["wrong"] = share * self.criterion.above(real, wrong)
            return terms
        terms = {
            "real": self.criterion.real(real),
            "fake": (1.0 - share) * self.criterion.fake(fake),
        }
        if wrong is not None:
            terms["wrong"] = share * self.criterion.fake(wrong)
        return terms

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """L(fake, 1), a scalar. `real`: where the form is relativistic, logits of the real pictures
        (B,), constants here."""
        return self.criterion.fool(fake, real)


def interpolation_mean(
    matching: Tensor, interpolated: Tensor, weight: float
) -> tuple[Tensor, Tensor]:
    """GAN-INT: the two parts of a mean over B losses of matching sentences and B / 2 weighted ones
    of interpolated sentences (Reed 2016, equation 5; weights as released).

    matching, interpolated: mean losses, scalars. With weight 1 the second has a third of the whole;
    with 0 the first is all.
    """
    whole = 1.0 + weight / 2.0
    return matching / whole, interpolated * (weight / 2.0) / whole
