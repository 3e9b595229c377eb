"""The score of Salimans et al. 2016, §4, from any classifier's logits.

exp(E_x KL(p(y|x) || p(y))), the mean and standard deviation over splits. It is the Inception Score
only with the Inception weights that define it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from experiments.terminal.error import UserError


def inception_score(logits: Tensor, splits: int = 10, seed: int = 0) -> tuple[float, float]:
    """Mean and standard deviation over `splits` of logits (n, k), shuffled by `seed`, in float64.

    Between 1 (all predictions alike) and k (each certain, classes balanced). Every image counts:
    splits differ by one image at most. The standard deviation is that of the reference script
    (divided by the number of splits). Raises `UserError` for fewer images than splits.
    """
    assert logits.ndim == 2 and splits >= 1, "logits are (n, k), splits at least one"
    n = len(logits)
    if n < splits:
        raise UserError(f"a score over {splits} splits needs {splits} images or more: {n}")
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    log_p = logits.double().log_softmax(1)[order.to(logits.device)]
    scores = torch.stack([_score(part) for part in log_p.tensor_split(splits)])
    return scores.mean().item(), scores.std(unbiased=False).item()


def _score(log_p: Tensor) -> Tensor:
    # From the logarithms, so that a class that no image has gives 0 log 0 = 0 and no NaN.
    p = log_p.exp()
    marginal = p.mean(0)
    marginal_entropy = -torch.special.xlogy(marginal, marginal).sum()
    entropy = -torch.where(p > 0, p * log_p, 0).sum(1).mean()
    return (marginal_entropy - entropy).exp()
