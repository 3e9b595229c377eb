"""Conditioning augmentation: a Gaussian around the sentence (Zhang 2017, section 3.2)."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

ConditionActivation = Literal["glu", "relu", "leaky_relu"]
SLOPE = 0.2


class ConditioningAugmentation(nn.Module):
    """c = mu + sigma * epsilon with mu and sigma from the sentence.

    `activation` of the linear layer, as released: "glu" (StackGAN-v2, AttnGAN: log sigma^2), "relu"
    (StackGAN in PyTorch: log sigma^2), "leaky_relu" (StackGAN in TensorFlow: log sigma). Without
    `sampling`, c = mu, and there is no sigma. `standardised`: sentences are brought to mean 0 and
    deviation 1 over their features first (this project's choice): beside noise of deviation 1 a
    vector of length 1, as encoders of speech give, says little at first (docs/recipes.md).
    """

    def __init__(
        self,
        text_dim: int,
        condition_dim: int,
        activation: ConditionActivation = "glu",
        sampling: bool = True,
        standardised: bool = False,
    ) -> None:
        super().__init__()
        self.activation, self.sampling, self.standardised = activation, sampling, standardised
        halves = 2 if activation == "glu" else 1
        self.linear = nn.Linear(text_dim, halves * (2 if sampling else 1) * condition_dim)

    def moments(self, sentence: Tensor) -> tuple[Tensor, Tensor | None]:
        """sentence (B, text_dim) -> mu and log sigma^2, each (B, c); no second without sampling.

        float32 under autocast too: exp and the KL term need the range.
        """
        if self.standardised:
            sentence = F.layer_norm(sentence, sentence.shape[1:])
        h = self.linear(sentence).float()
        if self.activation == "glu":
            h = F.glu(h, dim=1)
        else:
            h = F.leaky_relu(h, SLOPE) if self.activation == "leaky_relu" else F.relu(h)
        if not self.sampling:
            return h, None
        mu, spread = h.chunk(2, dim=1)
        return mu, 2.0 * spread if self.activation == "leaky_relu" else spread

    def forward(self, sentence: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """sentence (B, text_dim), epsilon (B, c) ~ N(0, I); returns c, mu, logvar, each (B, c)."""
        mu, logvar = self.moments(sentence)
        if logvar is None:
            return mu, mu, None
        return mu + (0.5 * logvar).exp() * epsilon, mu, logvar
