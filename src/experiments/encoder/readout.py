"""What captions state, read out of an encoder of captions: each attribute looks where it likes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from experiments.data.view.captions import before


class Readout(nn.Module):
    """Logits of every attribute, twice where there are words: from the place that an attention of
    its own finds among them, and from the sentence. What others use of the encoder has to hold
    what is stated then (this project's choice)."""

    def __init__(self, dim: int, attribute_values: Mapping[str, int], words: bool) -> None:
        super().__init__()
        self.names, sizes = list(attribute_values), list(attribute_values.values())
        self.of_sentence = nn.ModuleList(nn.Linear(dim, size) for size in sizes)
        self.where = nn.Linear(dim, len(sizes)) if words else None
        self.of_words = nn.ModuleList(nn.Linear(dim, size) for size in sizes if words)

    def forward(
        self, words: Tensor | None, steps: Tensor | None, sentence: Tensor
    ) -> list[dict[str, Tensor]]:
        """words (B, dim, S), of which each caption has `steps` (B,), or None; sentence (B, dim).
        Returns logits by attribute, (B, values) each, of the best way to read them first."""
        plain = [head(sentence) for head in self.of_sentence]
        found = [dict(zip(self.names, plain, strict=True))]
        if self.where is not None:
            assert words is not None and steps is not None, "the encoder gives no words"
            mask = before(steps.to(words.device), words.shape[2])
            places = self.where(words.transpose(1, 2)).masked_fill(~mask[..., None], -torch.inf)
            seen = (words @ places.softmax(1)).unbind(2)
            looked = [head(part) for head, part in zip(self.of_words, seen, strict=True)]
            found.insert(0, dict(zip(self.names, looked, strict=True)))
        return found
