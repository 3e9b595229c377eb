"""Captions of a batch, as a text encoder reads or hears them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from experiments.data.view.base import Part


@dataclass(frozen=True, eq=False)
class Captions(Part):
    """One caption of each record, and one that does not belong to it.

    Where a record has no mismatched caption `wrong_rows` is -1, and the other `wrong_` fields are
    zero, None, or say nothing.
    `words`, `sentence` and `wrong_sentence` are there where features of a frozen text encoder are
    stored, `words` where it gives them. A request has tokens and lengths alone.

    The tokens of captions that are heard are frames of sound (B, T, ...), and `steps` says how many
    of the encoder's words each has; those of written ones have a word for each token, but for the
    marks around pieces of words.
    """

    tokens: Tensor  # int64 (B, T), padded with 0
    lengths: Tensor  # int64 (B,)
    rows: Tensor | None = None  # int64 (B,), captions of the split
    wrong_rows: Tensor | None = None  # int64 (B,)
    wrong_tokens: Tensor | None = None  # int64 (B, T)
    wrong_lengths: Tensor | None = None  # int64 (B,)
    words: Tensor | None = None  # (B, dim, T), in the view's `precision`
    sentence: Tensor | None = None  # (B, dim)
    wrong_sentence: Tensor | None = None  # (B, dim)
    steps: Tensor | None = None  # int64 (B,)
    mentions: Tensor | None = None  # bool (B, A), the attributes that each states, where known
    altered: Tensor | None = None  # int64 (B, K, T), the tokens with one word exchanged in each

    @property
    def places(self) -> Tensor:
        """(B,), the words that each caption has."""
        return self.lengths if self.steps is None else self.steps

    def word_mask(self, count: int) -> Tensor:
        """(B, count), True on the words that each caption has."""
        return before(self.places, count)


def before(lengths: Tensor, count: int) -> Tensor:
    """(B, count), True on the first `lengths` (B,) places of each row."""
    return torch.arange(count, device=lengths.device) < lengths[:, None]
