"""How the logits of a discriminator become losses; every adversarial loss is made of these."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Form = Literal["binary", "minimax", "hinge", "least_squares"]


class Criterion:
    """Losses of real and of fake logits, of any shape, as means in float32.

    "binary": cross-entropy with targets 1 and 0 (Goodfellow 2014, non-saturating). "minimax": the
    same, and the generator minimises log(1 - D) as in the game itself (Goodfellow 2014, equation
    1), which saturates where D is sure. "hinge":
    max(0, 1 - x) and max(0, 1 + x), and -x for the generator (Lim and Ye 2017). "least_squares":
    (x - 1)^2 and x^2 (Mao 2017). With `label_smoothing` s the discriminator's target for real
    pictures is 1 - s, one-sided; the hinge has no targets and takes none.
    """

    def __init__(self, form: Form = "binary", label_smoothing: float = 0.0) -> None:
        assert 0.0 <= label_smoothing < 1.0, "label_smoothing must lie in [0, 1)"
        assert not (label_smoothing and form == "hinge"), "the hinge has no targets to smooth"
        self.form, self.real_target = form, 1.0 - label_smoothing

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

    def fool(self, logits: Tensor) -> Tensor:
        """The generator's loss."""
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
