"""Frames of speech, distorted in training: no recording is heard twice alike.

Tempo and pitch make other speakers of one, masks are SpecAugment's (Park et al. 2019, section 2).
All are of frames and not of waves, so that frames can be stored.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from experiments.frontend.base import masked


class Distortion:
    """Changes frames (B, T, F) of a front-end with F bins by uniform numbers (B, `numbers`)."""

    def __init__(
        self,
        tempo: float = 0.15,
        pitch: float = 2.0,
        time_masks: int = 2,
        time_mask: int = 20,
        frequency_masks: int = 2,
        frequency_mask: int = 6,
        strength: float = 1.0,
    ) -> None:
        """`tempo`: a recording becomes up to this share longer, or shorter as much, evenly on a
        scale of logarithms. `pitch`: bins that all of it moves up or down at most. `time_mask`:
        frames, `frequency_mask`: bins of a mask at most; a masked place has the mean of its bin.
        `strength`: all of these are multiplied by it; 0: nothing is done. The values are this
        project's choice.
        """
        assert tempo >= 0 and pitch >= 0, "tempo and pitch must be at least 0"
        self.strength, self.tempo, self.pitch = strength, strength * tempo, strength * pitch
        self.time_masks, self.time_mask = time_masks, round(strength * time_mask)
        self.frequency_masks = frequency_masks
        self.frequency_mask = round(strength * frequency_mask)
        self.numbers = 2 + 2 * (time_masks + frequency_masks)

    def longest(self, frames: int) -> int:
        """Frames that `__call__` makes of so many, at the slowest."""
        return math.ceil(frames * (1 + self.tempo))

    def __call__(self, frames: Tensor, lengths: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """frames: (B, T, F), zeros behind `lengths` (B,); numbers: (B, `numbers`) in [0, 1).

        Returns frames (B, T', F), zeros behind, T' at most T (1 + tempo), and their lengths (B,).
        """
        tempo, pitch = numbers[:, :2].mul(2).sub(1).unbind(1)
        frames, lengths = self._at_tempo(frames, lengths, tempo)
        frames, count = self._at_pitch(frames, pitch), lengths[:, None]
        of_time, of_bins = numbers[:, 2:].split(
            [2 * self.time_masks, 2 * self.frequency_masks], dim=1
        )
        bins = torch.full_like(count, frames.shape[2])
        covered = (
            covers(of_time, count, self.time_mask, frames.shape[1])[:, :, None]
            | covers(of_bins, bins, self.frequency_mask, frames.shape[2])[:, None]
        )
        mean = masked(frames, lengths).sum(1, keepdim=True) / count[:, :, None]
        return masked(torch.where(covered, mean, frames), lengths), lengths

    def _at_tempo(self, frames: Tensor, lengths: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Each as long as its number in [-1, 1] says, between frames by their distance."""
        made = (lengths * (uniform * math.log1p(self.tempo)).exp()).round().long().clamp(min=1)
        time = torch.arange(self.longest(frames.shape[1]), device=frames.device)
        last = (lengths - 1)[:, None]
        place = ((time + 0.5) * (lengths / made)[:, None] - 0.5).clamp(min=0).minimum(last)
        before = place.floor().long()
        after, width = (before + 1).minimum(last), (-1, -1, frames.shape[2])
        early = frames.gather(1, before[..., None].expand(width))
        late = frames.gather(1, after[..., None].expand(width))
        return torch.lerp(early, late, (place - before)[..., None]), made

    def _at_pitch(self, frames: Tensor, uniform: Tensor) -> Tensor:
        """All bins moved by so many; at the edges the outermost is repeated."""
        bins = torch.arange(frames.shape[2], device=frames.device)
        place = (bins - (uniform * self.pitch)[:, None]).clamp(0, frames.shape[2] - 1)
        distance = (place[:, None, :] - bins[:, None]).abs()  # (B, from, to)
        return frames @ (1 - distance).clamp(min=0).to(frames.dtype)


def covers(numbers: Tensor, count: Tensor, most: int, length: int) -> Tensor:
    """(B, length): what masks cover, two of the numbers (B, 2 M) in [0, 1) each: their width, up to
    `most` and half of what there is, and where they begin. `count`: (B, 1) places that are
    there."""
    width = (numbers[:, 0::2] * (most + 1)).floor().minimum(count // 2)
    begin = (numbers[:, 1::2] * (count - width + 1)).floor()
    place = torch.arange(length, device=numbers.device)[:, None]
    inside = (place >= begin[:, None]) & (place < (begin + width)[:, None])
    return inside.any(2)
