"""A fixed vector for each word of a vocabulary, for encoders that take such: of the user's file, or
of the letters of words (`data/text/vectors.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from experiments.data.text.action import is_action
from experiments.data.text.vectors import by_letters, of_file
from experiments.terminal.error import UserError
from experiments.terminal.line import say_once


class WordVectors(nn.Module):
    """Words (B, T) to vectors (B, T, dim), which never train. They come with the weights of a run,
    so that it needs no file once it has begun."""

    table: Tensor  # (V, dim), zero on the padding
    actions: Tensor  # bool (V,), words that say what happens

    def __init__(
        self,
        vocabulary_size: int,
        words: Sequence[str] | None = None,
        dim: int = 300,
        file: str | None = None,
    ) -> None:
        """`words`: of the vocabulary, as many as `vocabulary_size`; None where they are not known
        and nothing is read. `file`: in the text form of fastText or GloVe; None: of the letters."""
        super().__init__()
        assert not words or len(words) == vocabulary_size, "another vocabulary"
        assert dim >= 1, "dim: at least 1"
        self.dim, self.file, self.words = dim, file, tuple(words or ())
        self.register_buffer("table", torch.zeros(vocabulary_size, dim))
        found = [is_action(word) for word in self.words] or [False] * vocabulary_size
        self.register_buffer("actions", torch.tensor(found))

    def read(self) -> None:
        """Find the vectors, and say how many words have none. Raises `UserError` for a file that
        has no such vectors."""
        if not self.words:
            raise UserError("vectors: the data have no captions, and so no words; choose others")
        if self.file is None:
            found = by_letters(self.words, self.dim)
        else:
            found = of_file(Path(self.file).expanduser(), self.words, self.dim)
            say_once(found.line)
        self.table.copy_(torch.from_numpy(found.table))

    @property
    def unknown(self) -> int:
        """The index of words that are not in the vocabulary: its last."""
        return len(self.table) - 1

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens: (B, T) int64. Returns (B, T, dim)."""
        return self.table[tokens]

    def nearest(self, vectors: Tensor) -> Tensor:
        """The words (...) whose vectors have the largest cosine with those given (..., dim); never
        the padding."""
        table = nn.functional.normalize(self.table[1:].float(), dim=1)
        return (vectors.float() @ table.t()).argmax(-1) + 1


def read_vectors(module: nn.Module) -> None:
    """Find the vectors of all fresh tables within a module: what came trained has them."""
    if getattr(module, "came_trained", False):
        return
    if isinstance(module, WordVectors):
        module.read()
    for child in module.children():
        read_vectors(child)
