"""Sentences of batches before, which a picture must not match either.

A batch of eight asks a picture to be told from seven other captions: one right colour does. The
encoder of the text is fixed, so sentences that were kept are as good as new ones; where it trains,
they would be stale (a queue of keys, He et al. 2020, which this is without its second encoder).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Negatives(nn.Module):
    """The last `count` sentences, with the classes of their pictures; in every checkpoint."""

    sentences: Tensor
    labels: Tensor

    def __init__(self, count: int, dim: int) -> None:
        super().__init__()
        assert count >= 1, "negatives must be at least 1"
        self.register_buffer("sentences", torch.zeros(count, dim))
        self.register_buffer("labels", torch.full((count,), -1, dtype=torch.int64))

    def kept(self) -> tuple[Tensor, Tensor]:
        """(K, D), and the class of each (K,); -1 where none was kept yet."""
        return self.sentences.clone(), self.labels.clone()

    @torch.no_grad()
    def keep(self, sentences: Tensor, labels: Tensor) -> None:
        """Take the sentences (B, D) of a batch and their classes (B,) in, and let as many go."""
        count = len(self.labels)
        new = sentences.to(self.sentences.dtype)
        self.sentences.copy_(torch.cat((new, self.sentences))[:count])
        self.labels.copy_(torch.cat((labels, self.labels))[:count])
