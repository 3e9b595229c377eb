"""How the logits of a discriminator become losses; every adversarial loss is made of these."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Form = Literal["binary", "minimax", "hinge", "least_squares", "relativistic"]


class Criterion:
    """Losses of real and of fake logits, of any shape, as means in float32.

    "binary": cross-entropy with targets 1 and 0 (Goodfellow 2014, non-saturating). "minimax": the
    same, and the generator minimises log(1 - D) as in the game itself (Goodfellow 2014, equation
    1), which saturates where D is sure. "hinge":
    max(0, 1 - x) and max(0, 1 + x), and -x for the generator (Lim and Ye 2017). "least_squares":
    (x - 1)^2 and x^2 (Mao 2017). With `label_smoothing` s the discriminator's target for real
    pictures is 1 - s, one-sided; the hinge has no targets and takes none. "relativistic"
    (Jolicoeur-Martineau 2019; paired, as in R3GAN, Huang et al. 2024): a real logit should be
    above that of its own fake, log(1 + exp(fake - real)), and the generator wants it below.
    """

    def __init__(self, form: Form = "binary", label_smoothing: float = 0.0) -> None:
        assert 0.0 <= label_smoothing < 1.0, "label_smoothing must lie in [0, 1)"
        assert not (label_smoothing and form == "hinge"), "the hinge has no targets to smooth"
        assert not (label_smoothing and form == "relativistic"), (
            "label_smoothing: form=relativistic has no targets to smooth, so this must be 0"
        )
        self.form, self.real_target = form, 1.0 - label_smoothing

    @property
    def relativistic(self) -> bool:
        """Whether logits are compared with each other, and not with targets."""
        return self.form == "relativistic"

    def above(self, high: Tensor, low: Tensor) -> Tensor:
        """The loss where each logit of `high` should be above that of `low` at its place."""
        assert high.shape == low.shape, "logits come in pairs"
        return F.softplus(low.float() - high.float()).mean()

    def lead(self, real: Tensor, fake: Tensor) -> Tensor:
        """How sure the discriminator is of real pictures, from -1 to 1, without a gradient: the
        mean sign of its logits, r_t of StyleGAN2-ADA (Karras et al. 2020, equation 1). Near 1 it
        knows them by heart. Relativistic logits mean nothing alone: there it is the sign of what
        real ones are above their fakes; the squares of `least_squares` part at 1/2.
        """
        if self.relativistic:
            return (real.detach().float() - fake.detach().float()).sign().mean()
        middle = 0.5 if self.form == "least_squares" else 0.0
        return (real.detach().float() - middle).sign().mean()

    def real(self, logits: Tensor) -> Tensor:
        """The discriminator's loss where it should say real."""
        if self.form == "hinge":
            return F.relu(1.0 - logits.float()).mean()
        return self._towards(logits, self.real_target)

    def fake(self, logits: Tensor) -> Tensor:
        """The discriminator's loss where it should say fake, or that a pair does not match."""
        if self.form == "hinge":
            return F.relu(1.0 + logits.float()).mean()
        return self._towards(logits, 0.0)

    def fool(self, logits: Tensor, real: Tensor | None = None) -> Tensor:
        """The generator's loss; `real`: where the form is relativistic, the logits of the real
        pictures."""
        if self.relativistic:
            assert real is not None, "a relativistic loss compares with real pictures"
            return self.above(logits, real)
        if self.form == "hinge":
            return -logits.float().mean()
        if self.form == "minimax":
            return -self._towards(logits, 0.0)
        return self._towards(logits, 1.0)

    def _towards(self, logits: Tensor, target: float) -> Tensor:
        logits = logits.float()
        if self.form == "least_squares":
            return (logits - target).square().mean()
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
