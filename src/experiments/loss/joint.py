"""StackGAN-v2's joint conditional and unconditional losses (Zhang 2018, section 4.2)."""

from __future__ import annotations

from torch import Tensor

from experiments.discriminator.base import Logits
from experiments.loss.criterion import Criterion, Form


class JointLoss:
    """The losses of one stage, summed as released."""

    def __init__(
        self,
        weight: float = 1.0,
        unconditional_weight: float = 1.0,
        label_smoothing: float = 0.0,
        form: Form = "binary",
    ) -> None:
        """`unconditional_weight` w: 1 for birds, as released. `form` and `label_smoothing` are
        those of `Criterion`.
        """
        self.weight, self.unconditional_weight = weight, unconditional_weight
        self.criterion = Criterion(form, label_smoothing)

    def discriminator(
        self, real: Logits, fake: Logits, wrong: Logits | None = None
    ) -> dict[str, Tensor]:
        """Weighted terms by name; the loss is their sum.

        With c for conditional and u for unconditional logits (B,):
            c_real + c_wrong + c_fake + w (u_real + u_wrong + u_fake)
            c_real + (c_wrong + c_fake) / 2               where w is 0 or there is no u
        A wrong pair has a real picture: its u should say real. Without wrong pairs their terms
        are left out, and c_fake counts whole. Where the form is relativistic, each refused logit is
        compared with the real one of its own kind, u_wrong with u_fake, with the same weights, and
        what should say real is no term of its own.
        """
        w = self.unconditional_weight if real[1] is not None else 0.0
        negative = 0.5 if wrong is not None and w == 0 else 1.0
        if self.criterion.relativistic:
            return self._compared(real, fake, wrong, w, negative)
        terms = {
            "conditional_real": self.criterion.real(real[0]),
            "conditional_fake": negative * self.criterion.fake(fake[0]),
        }
        if wrong is not None:
            terms["conditional_wrong"] = negative * self.criterion.fake(wrong[0])
        if w:
            for name, logits, loss in (
                ("real", real, self.criterion.real),
                ("fake", fake, self.criterion.fake),
                ("wrong", wrong, self.criterion.real),
            ):
                if logits is not None and logits[1] is not None:
                    terms[f"unconditional_{name}"] = w * loss(logits[1])
        return terms

    def _compared(
        self, real: Logits, fake: Logits, wrong: Logits | None, w: float, negative: float
    ) -> dict[str, Tensor]:
        above = self.criterion.above
        terms = {"conditional_fake": negative * above(real[0], fake[0])}
        if wrong is not None:
            terms["conditional_wrong"] = negative * above(real[0], wrong[0])
        if w and fake[1] is not None:
            for name, one in (("fake", real), ("wrong", wrong)):
                if one is not None and one[1] is not None:
                    terms[f"unconditional_{name}"] = w * above(one[1], fake[1])
        return terms

    def generator(self, fake: Logits, real: Logits | None = None) -> Tensor:
        """c_fake + w u_fake, a scalar. `real`: where the form is relativistic, logits of the real
        pictures, constants here."""
        against = (None, None) if real is None else real
        loss = self.criterion.fool(fake[0], against[0])
        if fake[1] is None or not self.unconditional_weight:
            return loss
        return loss + self.unconditional_weight * self.criterion.fool(fake[1], against[1])
