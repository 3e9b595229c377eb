"""The DAMSM text encoder: a bi-directional LSTM (Xu et al. 2018, AttnGAN, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

INITIAL_RANGE = 0.1


class BiLSTM(nn.Module):
    """Word features from the outputs, the sentence from the last state of both directions."""

    def __init__(
        self, vocabulary_size: int, dim: int = 256, embedding_dim: int = 300, dropout: float = 0.5
    ) -> None:
        """`vocabulary_size` counts every index, padding and unknown word included."""
        super().__init__()
        assert dim % 2 == 0, f"dim is shared by two directions and must be even, got {dim}"
        self.dim = dim
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, dim // 2, batch_first=True, bidirectional=True)
        nn.init.uniform_(self.embedding.weight, -INITIAL_RANGE, INITIAL_RANGE)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode captions in any order of length.

        tokens: (batch, T) int64, 0 on the padding; lengths: (batch,), each from 1 to T.
        Returns words (batch, dim, T), exactly zero on the padding, and sentence (batch, dim).
        Packing reads `lengths` on the host: keep them on the CPU to spare a device a wait.
        """
        embedded = self.dropout(self.embedding(tokens))
        packed = pack_padded_sequence(
            embedded, lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        outputs, (hidden, _) = self.lstm(packed)
        words, _ = pad_packed_sequence(outputs, batch_first=True, total_length=tokens.shape[1])
        sentence = torch.cat((hidden[0], hidden[1]), dim=1)
        return words.transpose(1, 2), sentence
