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
        (u_fake + c_fake) / 2, or c_fake.
        """
        positive = {"conditional_real": real[0], "unconditional_real": real[1]}
        negative = {
            "conditional_fake": fake[0],
            "unconditional_fake": fake[1],
            "conditional_wrong": wrong,
        }
        real_terms = _mean_terms(positive, self.criterion.real)
        return real_terms | _mean_terms(negative, self.criterion.fake)

    def generator(self, fake: Logits) -> Tensor:
        """The generator's loss of one stage, a scalar: conditional plus unconditional."""
        conditional, unconditional = fake
        loss = self.criterion.fool(conditional)
        return loss if unconditional is None else loss + self.criterion.fool(unconditional)


def _mean_terms(
    logits: dict[str, Tensor | None], loss: Callable[[Tensor], Tensor]
) -> dict[str, Tensor]:
    present = {name: x for name, x in logits.items() if x is not None}
    return {name: loss(x) / len(present) for name, x in present.items()}
