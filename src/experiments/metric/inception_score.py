"""The score of Salimans et al. 2016, §4, from any classifier's logits.

exp(E_x KL(p(y|x) || p(y))), the mean and standard deviation over splits. It is the Inception Score
only with the Inception weights that define it.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics.image.inception import InceptionScore

from experiments.metric.rows import all_rows, require


class ClassScore(InceptionScore):
    """torchmetrics' Inception Score for any classifier, in float64 and in the order that `seed`
    draws: what torchmetrics draws after `torch.manual_seed(seed)`.

    `feature` gives logits (B, k) of what `update` is shown. `compute` gives mean and standard
    deviation as `inception_score` does: divided by n, where torchmetrics divides by n - 1. It
    raises `UserError` for fewer images than `splits` and for values that are not finite.
    """

    def __init__(self, feature: nn.Module, splits: int = 10, seed: int = 0, **options: Any) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*will save all extracted features")
            super().__init__(feature, splits, **options)
        self.seed = seed
        self.add_state("features", [], dist_reduce_fx="cat")

    def compute(self) -> tuple[Tensor, Tensor]:
        """Of all processes' logits together."""
        logits = all_rows(self.features)
        require(self.splits, {"images": logits})
        return inception_score(logits, self.splits, self.seed)


def inception_score(logits: Tensor, splits: int = 10, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over `splits` of logits (n, k), shuffled by `seed`, in float64.

    Between 1 (all predictions alike) and k (each certain, classes balanced). Every image counts:
    splits differ by one image at most. The standard deviation is that of the reference script
    (divided by the number of splits).
    """
    assert logits.ndim == 2 and splits >= 1, "logits are (n, k), splits at least one"
    order = torch.randperm(len(logits), generator=torch.Generator().manual_seed(seed))
    log_p = logits.double().log_softmax(1)[order.to(logits.device)]
    scores = torch.stack([_score(part) for part in log_p.tensor_split(splits)])
    return scores.mean(), scores.std(unbiased=False)


def _score(log_p: Tensor) -> Tensor:
    # From the logarithms, so that a class that no image has gives 0 log 0 = 0 and no NaN.
    p = log_p.exp()
    marginal = p.mean(0)
    marginal_entropy = -torch.special.xlogy(marginal, marginal).sum()
    entropy = -torch.where(p > 0, p * log_p, 0).sum(1).mean()
    return (marginal_entropy - entropy).exp()
