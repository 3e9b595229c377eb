"""Li's speech encoder: convolutions over time, a two-way LSTM, the mean of its states.

Li et al. 2020, "Direct speech-to-image translation", and the released
`Audio_to_Image/speech_encoder.py`; the convolutions grew out of DAVEnet's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from experiments.data.text.reading import Reads
from experiments.frontend.base import FrontEnd

FRAMES = 64  # that make one step of the LSTM
DEVIATION = 0.02  # of the weights of convolutions at the beginning


class DAVEnetBiLSTM(nn.Module):
    """Eight convolutions and two poolings, each step of whose LSTM is 64 frames of sound."""

    name = "speech_teacher"
    reads: Reads = "speech"
    gives_words = False
    shortest = FRAMES

    def __init__(
        self,
        frontend: FrontEnd,
        dim: int = 1024,
        width: int = 64,
        length: int = 2048,
        rnn_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.5,
        mask_padding: bool = True,
    ) -> None:
        """`width`: channels of the first convolution; the last has 16 times as many. `length`:
        frames, a multiple of 64, that every recording is filled up or cut to, so that none depends
        on its batch. `dropout` acts between layers of the LSTM: not at all where there is one.
        `mask_padding` false: the mean also counts the steps behind a recording, which are zero, as
        released.
        """
        super().__init__()
        assert len(frontend.shape) == 1, f"frames must be vectors, got the shape {frontend.shape}"
        assert length > 0 and length % FRAMES == 0, f"length={length}: must be a multiple of 64"
        assert not (bidirectional and dim % 2), f"two directions share dim={dim}: must be even"
        self.frontend, self.dim, self.length = frontend, dim, length
        self.mask_padding = mask_padding
        self.norm = nn.BatchNorm2d(1)
        bands = nn.Conv2d(1, width, (int(frontend.shape[0]), 1), bias=False)
        self.bands = nn.Sequential(bands, nn.BatchNorm2d(width), nn.ReLU())
        self.time = nn.Sequential(
            *_conv(width, width, 3),
            nn.MaxPool1d(3, 2, 1),
            *_conv(width, 2 * width, 17, 2),
            *_conv(2 * width, 4 * width, 13, 2),
            *_conv(4 * width, 4 * width, 3),
            *_conv(4 * width, 8 * width, 9, 2),
            nn.MaxPool1d(3, 2, 1),
            *_conv(8 * width, 8 * width, 3),
            *_conv(8 * width, 16 * width, 5, 2),
        )
        self.lstm = nn.LSTM(
            16 * width,
            dim // 2 if bidirectional else dim,
            rnn_layers,
            batch_first=True,
            bidirectional=bidirectional,
            dropout=dropout if rnn_layers > 1 else 0.0,
        )
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, DEVIATION)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        """Encode recordings in any order of length, in float32 whatever autocast says.

        frames: (B, T, F) of the front-end, as they are stored; lengths: (B,) int64, each from 64 to
        T. Behind a recording zeros are seen, which are what the front-end says: silence, or as
        released the loudest there is. Returns None, as steps are no words, and sentence (B, dim).
        Packing reads `lengths` on the host: keep them on the CPU to spare a device a wait.
        """
        lengths = lengths.cpu()
        assert int(lengths.min()) >= FRAMES, (
            f"a recording of {int(lengths.min())} frames; it needs {FRAMES}"
        )
        counts = lengths.clamp(max=self.length) // FRAMES
        with torch.autocast(frames.device.type, enabled=False):
            frames = self.frontend.normalise(frames, lengths)
            x = self.bands(self.norm(self._filled(frames))).squeeze(2)
            steps = self.time(x).transpose(1, 2)  # (B, length / 64, 16 width)
            packed = pack_padded_sequence(steps, counts, batch_first=True, enforce_sorted=False)
            states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
            if not self.mask_padding:
                counts = torch.full_like(counts, self.length // FRAMES)
            share = counts.to(frames.device, non_blocking=True)[:, None]
            return None, states.sum(1) / share

    def _filled(self, frames: Tensor) -> Tensor:
        """(B, T, F) to (B, 1, F, length), with zeros behind."""
        frames = frames[:, : self.length]
        frames = nn.functional.pad(frames, (0, 0, 0, self.length - frames.shape[1]))
        return frames.transpose(1, 2)[:, None]


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution that keeps the length, or halves it."""
    conv = nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return [conv, nn.BatchNorm1d(outputs), nn.ReLU()]
