"""SED: what is said, as one vector, from frames of sound (S2IGAN, Wang et al. 2020).

Strided convolutions over time, a two-way GRU, and an attention of which every feature has weights
of its own. The length of vectors is the joint encoder's (`JointEmbedding.normalise`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from experiments.data.text.reading import Reads
from experiments.frontend.base import FrontEnd


class SED(nn.Module):
    """The speech encoder of S2IGAN's speech embedding network, with places in time by option."""

    name = "speech_embedding"
    reads: Reads = "speech"

    def __init__(
        self,
        frontend: FrontEnd,
        dim: int = 1024,
        channels: Sequence[int] = (64, 128),
        kernels: Sequence[int] = (6, 6),
        strides: Sequence[int] = (2, 2),
        activation: bool = False,
        layers: int = 2,
        attention: int = 128,
        mask_padding: bool = True,
        orthogonal_both: bool = True,
        places: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        """`dim` is shared by the two directions of the GRU. `channels`, `kernels`, `strides`: of
        one convolution each; `activation` puts a ReLU behind each (this project's choice; the
        release has none). `attention`: hidden width. `mask_padding` false: the attention also looks
        at the zeros behind a recording, as released, so that a vector depends on the batch.
        `orthogonal_both` false: only the first matrix of the attention begins orthogonal, as
        released. `places`: at most so many stretches of sound stand as words; None: there are no
        words. `dropout`: of what each layer of the GRU reads (released: 0).
        """
        super().__init__()
        assert dim % 2 == 0, f"dim is shared by two directions and must be even, got {dim}"
        assert len(frontend.shape) == 1, f"frames must be vectors, got the shape {frontend.shape}"
        assert len(channels) == len(kernels) == len(strides) > 0, (
            "give one kernel and one stride for each of channels"
        )
        assert places is None or places > 0, f"places={places}: must be positive, or null"
        self.frontend, self.dim, self.places = frontend, dim, places
        self.kernels, self.strides, self.mask_padding = tuple(kernels), tuple(strides), mask_padding
        inputs, stem = int(frontend.shape[0]), list[nn.Module]()
        for width, kernel, stride in zip(channels, kernels, strides, strict=True):
            stem += [nn.Conv1d(inputs, width, kernel, stride), nn.BatchNorm1d(width)]
            stem += [nn.ReLU()] if activation else []
            inputs = width
        self.stem = nn.Sequential(*stem)
        self.dropout = nn.Dropout(dropout)
        self.gru = nn.GRU(
            inputs,
            dim // 2,
            layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.hidden, self.weights = nn.Linear(dim, attention), nn.Linear(attention, dim)
        nn.init.orthogonal_(self.hidden.weight)
        if orthogonal_both:
            nn.init.orthogonal_(self.weights.weight)

    @property
    def gives_words(self) -> bool:
        return self.places is not None

    @property
    def shortest(self) -> int:
        """Frames that a recording needs: as many as make one state, 16 as published."""
        frames = 1
        for kernel, stride in zip(reversed(self.kernels), reversed(self.strides), strict=True):
            frames = (frames - 1) * stride + kernel
        return frames

    def states(self, lengths: Tensor) -> Tensor:
        """Frames (B,) to states of the GRU (B,), int64: (L - 4) // 2 twice as published."""
        for kernel, stride in zip(self.kernels, self.strides, strict=True):
            lengths = (lengths - kernel).div(stride, rounding_mode="floor") + 1
        return lengths

    def steps(self, lengths: Tensor) -> Tensor:
        """Frames (B,) to places (B,), int64, of the words that `forward` gives."""
        assert self.places is not None, "without places there are no words"
        return self.states(lengths).clamp(max=self.places)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor | None, Tensor]:
        """Encode recordings in any order of length, in float32 whatever autocast says.

        frames: (B, T, F) of the front-end, as they are stored; lengths: (B,) int64, each from
        `shortest` to T. Returns words (B, dim, places), exactly zero behind `steps(lengths)`, or
        None without places; and sentence (B, dim). Packing reads `lengths` on the host: keep them
        on the CPU to spare a device a wait.
        """
        lengths = lengths.cpu()
        assert int(lengths.min()) >= self.shortest, (
            f"a recording of {int(lengths.min())} frames; it needs {self.shortest}"
        )
        counts = self.states(lengths)
        with torch.autocast(frames.device.type, enabled=False):
            frames = self.frontend.normalise(frames, lengths)
            heard = self.dropout(self.stem(frames.transpose(1, 2)).transpose(1, 2))
            packed = pack_padded_sequence(heard, counts, batch_first=True, enforce_sorted=False)
            states, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)  # (B, S, dim)
            counts = counts.to(frames.device, non_blocking=True)
            there = torch.arange(states.shape[1], device=states.device) < counts[:, None]
            logits = self.weights(self.hidden(states).tanh())
            if self.mask_padding:
                logits = logits.masked_fill(~there[..., None], -torch.inf)
            sentence = (logits.softmax(1) * states).sum(1)
            return self._pooled(states, there, counts), sentence

    def _pooled(self, states: Tensor, there: Tensor, counts: Tensor) -> Tensor | None:
        """Means of neighbouring states (B, S, dim): state t of n is in place floor(t p / n), with
        p = min(places, n). A product of matrices, so that no device adds in another order."""
        if self.places is None:
            return None
        time = torch.arange(states.shape[1], device=states.device)
        place = time * counts.clamp(max=self.places)[:, None] // counts[:, None]
        number = torch.arange(self.places, device=states.device)
        belongs = ((place[..., None] == number) & there[..., None]).to(states.dtype)  # (B, S, P)
        shares = belongs / belongs.sum(1, keepdim=True).clamp(min=1)
        return states.transpose(1, 2) @ shares
