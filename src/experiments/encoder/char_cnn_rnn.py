"""char-CNN-RNN: a sentence from its letters (Reed et al. 2016, CVPR, section 4)."""

from __future__ import annotations

from typing import Literal, get_args

import torch.nn.functional as F
from torch import Tensor, nn

from experiments.data.text.alphabet import LENGTH, SYMBOLS
from experiments.data.text.reading import Reads
from experiments.encoder.recurrent import FixedGRU, ReLURNN, initialise_uniform

Arch = Literal["cvpr", "icml_rnn8", "icml_gru18"]


class CharCNNRNN(nn.Module):
    """Three convolutions over one-hot letters, a recurrent layer, and the mean of its states.

    `cvpr`: birds and flowers of the CVPR paper, 8 steps of a ReLU RNN of half the width.
    `icml_rnn8`: the flowers of "Generative adversarial text to image synthesis", 8 steps at full
    width. `icml_gru18`: its birds and COCO, 18 steps of a GRU. Weights of one fit no other.
    """

    name = "char_cnn_rnn"
    reads: Reads = "characters"
    gives_words = False

    def __init__(self, dim: int = 1024, arch: Arch = "cvpr", width: int = 512) -> None:
        """`width`: channels of the second convolution; the first has three quarters of it."""
        super().__init__()
        assert arch in get_args(Arch), arch
        assert width % 4 == 0, f"width is divided by 4 and must be a multiple of it, got {width}"
        self.dim = dim
        first, last = 3 * width // 4, width // 2 if arch == "cvpr" else width
        self.conv1 = nn.Conv1d(len(SYMBOLS), first, 4)
        self.conv2 = nn.Conv1d(first, width, 4)
        self.conv3 = nn.Conv1d(width, last, 4)
        gru = arch == "icml_gru18"
        self.pool: nn.Module = nn.Identity() if gru else nn.MaxPool1d(3, 2)
        self.recurrent: nn.Module = FixedGRU(last) if gru else ReLURNN(last)
        self.out = nn.Linear(last, dim)
        initialise_uniform(self)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """tokens: (B, T) int64 characters of `data/text/alphabet.py`, 0 on the padding; T is
        padded or cut to 201 here. Returns None, as letters have no features, and sentence (B, dim).
        """
        tokens = F.pad(tokens, (0, LENGTH - tokens.shape[1]))
        # A convolution over one-hot columns: looking up its weights takes four times as long.
        x = F.one_hot(tokens, len(SYMBOLS) + 1)[..., 1:].to(self.conv1.weight.dtype)
        x = F.max_pool1d(self.conv1(x.transpose(1, 2)), 3).relu()  # (B, C, 201) -> 198 -> 66
        x = F.max_pool1d(self.conv2(x), 3).relu()  # 63 -> 21
        x = self.pool(self.conv3(x).relu())  # 18 -> 8
        return None, self.out(self.recurrent(x.transpose(1, 2)))
