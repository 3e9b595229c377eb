"""DM-GAN's dynamic memory in place of AttnGAN's attention (Zhu et al. 2019, section 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from experiments.generator.block import attended


class MemoryRefinement(nn.Module):
    """Words are written into a memory as far as the picture wants them, and pixels read from it."""

    def __init__(self, channels: int, text_dim: int, legacy_mask: bool) -> None:
        """`channels` C: of the map. A slot of the memory has 2 C numbers. `legacy_mask` as in
        `WordAttention`: DM-GAN released the same fault."""
        super().__init__()
        slot = 2 * channels
        self.word_gate = nn.Linear(text_dim, 1, bias=False)  # A
        self.image_gate = nn.Linear(channels, 1, bias=False)  # B
        self.word = nn.Conv1d(text_dim, slot, 1)  # M_w
        self.image = nn.Linear(channels, slot)  # M_r
        self.key = nn.Conv1d(slot, channels, 1)
        self.value = nn.Conv1d(slot, channels, 1)
        self.response = nn.Conv2d(slot, 1, 1)
        self.legacy_mask = legacy_mask

    def forward(self, h: Tensor, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """h (B, C, H, W); words (B, D, T); mask (B, T) as in `WordAttention`.

        With h' the mean of the map, a constant: g_i = s(A w_i + B h'), a slot m_i = g_i ReLU(M_w
        w_i) + (1 - g_i) ReLU(M_r h'), o_j what pixel j reads by softmax over slots, and a gate
        r_j = s([h_j; o_j]). Returns (1 - r) h + r o, of the shape of h, and the weights of words
        (B, T, H, W).
        """
        mean = h.detach().mean((2, 3))
        gate = (self.word_gate(words.transpose(1, 2)) + self.image_gate(mean)[:, None]).sigmoid()
        gate = gate.transpose(1, 2)  # (B, 1, T)
        written = self.word(words).relu()
        memory = gate * written + (1 - gate) * self.image(mean).relu()[:, :, None]
        keys, values = self.key(memory).relu(), self.value(memory).relu()
        read, beta = attended(h, keys.to(h.dtype), values, mask, self.legacy_mask)
        read = read.to(h.dtype)
        share = self.response(torch.cat((h, read), dim=1)).sigmoid()
        return (1 - share) * h + share * read, beta
