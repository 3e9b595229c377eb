"""The loss of a variational autoencoder of sentences whose words are vectors.

The source (the notebook of 2017) takes binary cross-entropy, which asks for numbers in [0, 1];
vectors of words are signed, and below 0 it has no lower bound. `gaussian` is the corrected form,
`bce_minmax` the source's on vectors that are scaled into [0, 1], `bce` the source's as it was.

All are means over the numbers of a sentence, beta KL / D beside them: the source's D BCE + KL,
divided by D.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

Likelihood = Literal["gaussian", "bce_minmax", "bce"]
EPSILON = 1e-7  # as Keras keeps what it takes the logarithm of away from 0 and 1


class SentenceVAELoss:
    """What came back against what went in, and the divergence of the code."""

    def __init__(self, weight: float = 1.0, beta: float = 1.0, anneal_images: int = 0) -> None:
        """`beta`: weight of the divergence. It rises from 0 over the first `anneal_images` images;
        0: it is whole from the beginning, as in the source."""
        assert beta >= 0, "beta: at least 0"
        assert anneal_images >= 0, "anneal_images: at least 0"
        self.weight, self.beta, self.anneal_images = weight, beta, anneal_images

    def beta_at(self, images: int) -> float:
        """The weight of the divergence after so many images."""
        share = 1.0 if self.anneal_images == 0 else min(images / self.anneal_images, 1.0)
        return self.beta * share


def square(values: Tensor, made: Tensor, weights: Tensor) -> Tensor:
    """Sum of w_i ||x_i - x'_i||^2 over places / (dim sum of w_i), the mean over sentences. values,
    made: (B, L, dim); weights (B, L): 0 on the padding, which so has no part in it. A sentence
    without a word counts 0."""
    errors = (values.float() - made.float()).square().mean(2)
    return _weighted(errors, weights)


def cross_entropy(values: Tensor, made: Tensor, weights: Tensor) -> Tensor:
    """-x log x' - (1 - x) log(1 - x') in the same mean; made in [0, 1]. It is bounded below where
    `values` lie in [0, 1], too, and only there."""
    values, made = values.float(), made.float().clamp(EPSILON, 1 - EPSILON)
    errors = -(values * made.log() + (1 - values) * (1 - made).log())
    return _weighted(errors.mean(2), weights)


def _weighted(errors: Tensor, weights: Tensor) -> Tensor:
    weights = weights.float()
    return ((errors * weights).sum(1) / weights.sum(1).clamp_min(EPSILON)).mean()
