"""What discriminators of text-to-image systems have in common: a judge for each resolution."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

# (B,), or (B, N) of several places: with the condition; of the picture alone, or None.
Logits = tuple[Tensor, Tensor | None]
SLOPE = 0.2
MAP_SIZE = 4  # side of the features that heads see


class Discriminator(nn.Module):
    """Judges pictures of `resolutions`, smallest first.

    A batch is a list, one of each resolution; every method takes several batches, as if they came
    one after the other: their statistics are not mixed. The features of a picture are computed once
    and judged with right and with wrong sentences.
    """

    resolutions: list[int]
    lower: tuple[nn.Module, ...] = ()  # what it took, trained, of one with fewer stages

    def trunks(self, batches: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
        """Pictures (B, 3, R, R) in [-1, 1] -> features of each."""
        raise NotImplementedError

    def heads(
        self, features: Sequence[Sequence[Tensor]], conditions: Sequence[Tensor]
    ) -> list[list[Logits]]:
        """Logits that each picture is real and belongs to the condition (B, C) of its batch."""
        raise NotImplementedError

    def forward(self, images: Sequence[Tensor], condition: Tensor) -> list[Logits]:
        """Of one batch."""
        return self.heads(self.trunks([images]), [condition])[0]


def with_sentence(features: Tensor, sentence: Tensor) -> Tensor:
    """features (B, C, 4, 4) and sentence (B, D) at every place: (B, C + D, 4, 4)."""
    tiled = sentence.to(features.dtype)[:, :, None, None].expand(-1, -1, MAP_SIZE, MAP_SIZE)
    return torch.cat((features, tiled), dim=1)
