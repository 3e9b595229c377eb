"""The adversarial losses of AttnGAN, on logits (the released code's weights, not the paper's)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from experiments.discriminator.base import Logits
from experiments.loss.criterion import Criterion, Form


class AdversarialLoss:
    """Conditional and unconditional losses of one stage."""

    def __init__(
        self, weight: float = 1.0, label_smoothing: float = 0.0, form: Form = "binary"
    ) -> None:
        """`form` and `label_smoothing` are those of `Criterion`."""
        self.weight = weight
        self.criterion = Criterion(form, label_smoothing)

    def discriminator(
        self, real: Logits, fake: Logits, wrong: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Weighted terms by name; the loss is their sum.

        real, fake: (conditional, unconditional) logits; wrong: conditional logits of real images
        with sentences that are not theirs (any number of pairs). With u for unconditional:
            (u_real + c_real) / 2 + (u_fake + c_fake + c_wrong) / 3
            c_real + (c_fake + c_wrong) / 2           without the unconditional head
        In each case "real" and "fake" are means over what is there, so `wrong=None` leaves
        (u_fake + c_fake) / 2, or c_fake. Where the form is relativistic, each of these is compared
        with the real logit of its own kind, and "real" is no term of its own.
        """
        if self.criterion.relativistic:
            pairs = {
                "conditional_fake": (real[0], fake[0]),
                "unconditional_fake": (real[1], fake[1]),
                "conditional_wrong": (real[0], wrong),
            }
            there = {n: (a, b) for n, (a, b) in pairs.items() if a is not None and b is not None}
            return {n: self.criterion.above(a, b) / len(there) for n, (a, b) in there.items()}
        positive = {"conditional_real": real[0], "unconditional_real": real[1]}
        negative = {
            "conditional_fake": fake[0],
            "unconditional_fake": fake[1],
            "conditional_wrong": wrong,
        }
        real_terms = _mean_terms(positive, self.criterion.real)
        return real_terms | _mean_terms(negative, self.criterion.fake)

    def generator(self, fake: Logits, real: Logits | None = None) -> Tensor:
        """The generator's loss of one stage, a scalar: conditional plus unconditional. `real`:
        where the form is relativistic, logits of the real pictures, constants here."""
        conditional, unconditional = fake
        against = (None, None) if real is None else real
        loss = self.criterion.fool(conditional, against[0])
        if unconditional is None:
            return loss
        return loss + self.criterion.fool(unconditional, against[1])


def _mean_terms(
    logits: dict[str, Tensor | None], loss: Callable[[Tensor], Tensor]
) -> dict[str, Tensor]:
    present = {name: x for name, x in logits.items() if x is not None}
    return {name: loss(x) / len(present) for name, x in present.items()}
