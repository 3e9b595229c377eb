"""What discriminators of text-to-image systems have in common: a judge for each resolution."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

Logits = tuple[Tensor, Tensor | None]  # (B,): with the condition; of the picture alone, or None
SLOPE = 0.2


class Discriminator(nn.Module):
    """Judges pictures of `resolutions`, smallest first; every method takes and returns lists.

    The features of a picture are computed once and judged with right and with wrong sentences.
    """

    resolutions: list[int]

    def trunks(self, batches: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
        """Of each batch one (B, 3, R, R) in [-1, 1] for each resolution -> features of each, as if
        the batches came one after the other: their statistics are not mixed."""
        raise NotImplementedError

    def trunk(self, images: Sequence[Tensor]) -> list[Tensor]:
        """`trunks` of one batch."""
        return self.trunks([images])[0]

    def heads(self, features: Sequence[Tensor], condition: Tensor) -> list[Logits]:
        """Logits that each picture is real and belongs to condition (B, C)."""
        raise NotImplementedError

    def conditional(self, features: Sequence[Tensor], condition: Tensor) -> list[Tensor]:
        """The first of `heads` alone, for mismatched pairs."""
        return [logits for logits, _ in self.heads(features, condition)]

    def forward(self, images: Sequence[Tensor], condition: Tensor) -> list[Logits]:
        return self.heads(self.trunk(images), condition)
