"""A picture drawn again from its caption and from noise of its own."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


class ReconstructionLoss:
    """The bound of a variational autoencoder (Kingma and Welling 2014) with absolute differences,
    beside a discriminator as in Larsen et al. 2016. Which pictures and weights: this project's
    choice."""

    def __init__(
        self,
        weight: float = 100.0,
        kl_weight: float = 0.1,
        every: int = 2,
        alone: bool = False,
        stages: int | None = None,
    ) -> None:
        """`weight`: of the mean absolute difference at each resolution. `kl_weight`: of the
        divergence of a picture's noise from N(0, 1), summed over its numbers, in nats. `every`:
        each such picture of a batch is drawn again, the others are of drawn noise; before the
        discriminator takes part, all are drawn again. `alone`: until then there is no loss but this
        one. `stages`: until then so many of the generator's are drawn; None: all.
        """
        assert every >= 1, "every must be at least 1"
        assert stages is None or stages >= 1, f"stages={stages}: must be at least 1, or null"
        self.weight, self.kl_weight, self.every = weight, kl_weight, every
        self.alone, self.stages = alone, stages

    @property
    def rows(self) -> slice:
        """The pictures of a batch that are drawn again."""
        return slice(0, None, self.every)

    def difference(self, drawn: Tensor, real: Tensor) -> Tensor:
        """(B, 3, R, R) each, in [-1, 1]: a scalar."""
        return F.l1_loss(drawn.float(), real.float())

    def divergence(self, mean: Tensor, logvar: Tensor) -> Tensor:
        """Of N(mean, exp(logvar)), (B, Z) each, from N(0, 1): a scalar, in nats."""
        return 0.5 * (mean.square() + logvar.exp() - logvar - 1.0).sum(dim=1).mean()
