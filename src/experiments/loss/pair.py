"""The adversarial losses of Wav2Pix: a real pair, a generated one, and a real picture with another
sound (Duarte et al. 2019, section 3)."""

from __future__ import annotations

from torch import Tensor

from experiments.loss.criterion import Criterion, Form


class PairLoss:
    """All three count whole: what is refused weighs twice what is accepted."""

    def __init__(
        self, weight: float = 1.0, label_smoothing: float = 0.1, form: Form = "least_squares"
    ) -> None:
        """`form` and `label_smoothing` are those of `Criterion`."""
        self.weight = weight
        self.criterion = Criterion(form, label_smoothing)

    def discriminator(
        self, real: Tensor, fake: Tensor, wrong: Tensor | None = None
    ) -> dict[str, Tensor]:
        """(D(x, e) - 0.9)^2 + D(G(e), e)^2 + D(x', e)^2 by name, of scores (B,); without wrong
        pairs two terms. Where the form is relativistic, real pairs are to be above both others,
        whole, and "real" is no term of its own."""
        if self.criterion.relativistic:
            below = {"fake": fake} | ({} if wrong is None else {"wrong": wrong})
            return {name: self.criterion.above(real, one) for name, one in below.items()}
        terms = {"real": self.criterion.real(real), "fake": self.criterion.fake(fake)}
        if wrong is not None:
            terms["wrong"] = self.criterion.fake(wrong)
        return terms

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """(D(G(e), e) - 1)^2, a scalar. `real`: where the form is relativistic, scores of real
        pairs, constants here."""
        return self.criterion.fool(fake, real)
