"""word-CNN-RNN: a sentence from its words (Reed et al. 2016, CVPR, section 4)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.encoder.recurrent import ReLURNN, initialise_uniform


class WordCNNRNN(nn.Module):
    """Three convolutions over one-hot words, a ReLU RNN, and the mean of its states.

    Source: `modules/HybridCNNWord.lua` of the released code.
    """

    name = "word_cnn_rnn"
    gives_words = False

    def __init__(
        self, vocabulary_size: int, dim: int = 1024, length: int = 30, width: int = 512
    ) -> None:
        """`vocabulary_size` counts every index; 0, the padding, is the all-zero column and has no
        weights. `length`: words that are read, as many of them as there are.
        """
        super().__init__()
        assert length >= 9, f"{length} words leave nothing after three convolutions; give 9 or more"
        self.dim, self.length = dim, length
        # The first convolution, kernel 3, by word: looked up, since almost all inputs are zero.
        self.table = nn.Parameter(torch.empty(vocabulary_size - 1, 3 * width))
        self.bias = nn.Parameter(torch.empty(width))
        self.conv2 = nn.Conv1d(width, width, 2)
        self.conv3 = nn.Conv1d(width, width, 2)
        self.recurrent = ReLURNN(width)
        self.out = nn.Linear(width, dim)
        initialise_uniform(self)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """tokens: (B, T) int64, 0 on the padding; T is padded or cut to `length` here. Returns
        None, as words have no features of their own, and sentence (B, dim).
        """
        tokens = F.pad(tokens, (0, self.length - tokens.shape[1]))
        rows = F.embedding(tokens, F.pad(self.table, (0, 0, 1, 0)))
        first, second, third = rows.chunk(3, dim=2)
        x = (first[:, :-2] + second[:, 1:-1] + third[:, 2:] + self.bias).relu()  # 30 -> 28
        x = F.max_pool1d(self.conv2(x.transpose(1, 2)), 3).relu()  # 27 -> 9
        x = self.conv3(x).relu()  # 8
        return None, self.out(self.recurrent(x.transpose(1, 2)))
