"""The sound itself, as Wav2Pix takes it (Duarte 2019, released code)."""

from __future__ import annotations

import torch
from torch import Tensor

from experiments.frontend.base import FrontEnd, emphasised, exact, masked


class Waveform(FrontEnd):
    """x / max |x|, then pre-emphasis; of a longer one the middle. A frame is one sample."""

    def __init__(self, rate: int, samples: int | None, emphasis: float = 0.95) -> None:
        """samples: kept from the middle; None: all."""
        self.rate, self.samples, self.emphasis = rate, samples, emphasis
        self.shape: tuple[int, ...] = ()

    def frames(self, samples: int) -> int:
        return samples if self.samples is None else min(samples, self.samples)

    def __call__(self, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Returns (B, T) and (B,); a wave of zeros stays one."""
        lengths = lengths.to(waves.device)
        waves = masked(exact(waves), lengths)
        peak = waves.abs().amax(1, keepdim=True)
        scaled = emphasised(waves / torch.where(peak > 0, peak, 1.0), self.emphasis)
        longest = self.frames(waves.shape[1])
        counts = lengths.clamp_max(longest)
        place = (lengths - counts)[:, None] // 2 + torch.arange(longest, device=waves.device)
        middle = scaled.gather(1, place.clamp_max(max(0, waves.shape[1] - 1)))
        return masked(middle, counts), counts

    def normalise(self, features: Tensor, lengths: Tensor) -> Tensor:
        """As they are."""
        return masked(exact(features), lengths)
