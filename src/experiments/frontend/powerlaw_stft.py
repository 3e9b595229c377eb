"""The compressed complex spectrum of Speech2Face (Oh 2019), and of Ephrat 2018 before it."""

from __future__ import annotations

import torch
from torch import Tensor

from experiments.frontend.base import FrontEnd, exact, masked, unrounded
from experiments.frontend.table import window_on


class PowerLawSTFT(FrontEnd):
    """sgn(S) |S|^power of the real and of the imaginary part, each for itself.

    Sounds are repeated until they fill `seconds`, and longer ones cut there. Frames are of `win`
    samples, not centred, and padded to n_fft: 598 of 6 s. `torch.stft` frames by n_fft, which would
    give 597.
    """

    fills = True  # by itself what is too short

    def __init__(
        self, rate: int, n_fft: int, win: int, hop: int, seconds: float, power: float = 0.3
    ) -> None:
        """n_fft, win, hop: samples."""
        self.rate, self.n_fft, self.win, self.hop, self.power = rate, n_fft, win, hop, power
        self.samples = round(seconds * rate)
        self.shape: tuple[int, ...] = (2, n_fft // 2 + 1)

    def frames(self, samples: int) -> int:
        """The same for every sound."""
        return 1 + (self.samples - self.win) // self.hop

    def __call__(self, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Returns (B, T, 2, n_fft // 2 + 1): the real and the imaginary part, and (B,)."""
        lengths = lengths.to(waves.device)
        waves = masked(exact(waves), lengths)
        place = torch.arange(self.samples, device=waves.device) % lengths.clamp_min(1)[:, None]
        framed = waves.gather(1, place).unfold(1, self.win, self.hop)
        with unrounded(waves):
            spectrum = torch.fft.rfft(framed * window_on(waves, "hann", self.win), self.n_fft)
        parts = torch.stack([spectrum.real, spectrum.imag], dim=2)
        counts = torch.full_like(lengths, self.frames(0))
        return self.compressed(parts), counts

    def compressed(self, parts: Tensor) -> Tensor:
        """The slope of the power at 0 has no end; there it counts as 0."""
        sounds = parts != 0
        size = torch.where(sounds, parts.abs(), 1.0)
        return torch.where(sounds, parts.sign() * size.pow(self.power), 0.0)

    def normalise(self, features: Tensor, lengths: Tensor) -> Tensor:
        """As they are."""
        return masked(exact(features), lengths)
