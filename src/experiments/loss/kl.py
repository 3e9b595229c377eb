"""KL(N(mu, sigma^2) || N(0, I)), the regulariser of conditioning augmentation (StackGAN, eq. 2)."""

from __future__ import annotations

from torch import Tensor


def _elements(mu: Tensor, logvar: Tensor) -> Tensor:
    mu, logvar = mu.float(), logvar.float()
    return 0.5 * (mu.square() + logvar.exp() - 1.0 - logvar)


def kl_loss(mu: Tensor, logvar: Tensor) -> Tensor:
    """Mean over batch and dimensions, as released code has it; mu, logvar: (B, c), log sigma^2."""
    return _elements(mu, logvar).mean()


def kl_sum(mu: Tensor, logvar: Tensor) -> Tensor:
    """The divergence itself in nats: summed over dimensions, mean over the batch. For the log."""
    return _elements(mu, logvar).sum(dim=1).mean()


class KLLoss:
    """The mean form with its weight in the generator's loss."""

    def __init__(self, weight: float = 1.0) -> None:
        self.weight = weight

    def __call__(self, mu: Tensor, logvar: Tensor) -> Tensor:
        return kl_loss(mu, logvar)
