"""What a classifier says, as features that a generator is told (this project's choice).

The penultimate features of Chen 2017 know the classes of the training. Where classes of the test
are new, and attributes are what they share, the answers themselves say more: each attribute has its
place, and two records that look alike are told alike.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from experiments.encoder.classifier import Classifier


class Answers(nn.Module):
    """Probabilities of all values of a classifier, behind one another."""

    def __init__(self, classifier: Classifier, dim: int, excerpt: Any = None) -> None:
        """`classifier`: of pictures or of sounds, trained. `dim`: of the features, with zeros
        behind the answers. `excerpt`: what a classifier of sounds takes."""
        super().__init__()
        count = sum(classifier.sizes.values())
        assert count <= dim, f"dim={dim}: the classifier has {count} answers"
        self.classifier, self.feature_dim = classifier, dim
        if excerpt is not None:
            self.excerpt = excerpt

    def features(self, values: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) or sounds (B, *shape) -> (B, dim). Of an attribute with n values
        sqrt(n) (p - 1 / n), so that all attributes weigh alike, and no answer is 0."""
        found = [
            (logits.float().softmax(1) - 1 / logits.shape[1]) * logits.shape[1] ** 0.5
            for logits in self.classifier(values).values()
        ]
        answers = torch.cat(found, 1)
        return nn.functional.pad(answers, (0, self.feature_dim - answers.shape[1]))
