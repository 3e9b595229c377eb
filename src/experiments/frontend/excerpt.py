"""A stretch of sound of one length, as networks take it, and back: into a wave, and into a picture.

Spectra are pictures of one channel here, so that networks of pictures serve them: their rows are
bins, the lowest first, their columns frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.frontend.base import exact
from experiments.frontend.wave import Silent, as_wave
from experiments.terminal.error import UserError

Of = Literal["sound", "speech"]
INK, PAPER = (40, 40, 47), (250, 249, 246)  # of a spectrum, loud and silent
HUES = ((0.0, PAPER), (0.35, (247, 190, 110)), (0.65, (196, 60, 78)), (1.0, INK))
WAVE_SIZE = 64  # px, of the picture of a waveform


class Excerpt:
    """What a system is given of a sound.

    seconds: shorter sounds are padded with silence, unless the front-end fills them itself
    (`fills`); longer ones are cut. size: (bins, frames) that a spectrum is resized to, None: as it
    is. kept: seconds that are stored, of which a random stretch is given in training and the middle
    in evaluation; None: no more than is given. of: a record's own sound, or a caption of it that is
    spoken.

    `shape` of what is given: (N,) of a waveform, (1, bins, frames) of spectra, (C, T, F) where a
    frame has C rows.
    """

    def __init__(
        self,
        frontend: Any,
        seconds: float,
        size: Sequence[int] | None = None,
        kept: float | None = None,
        of: Of = "sound",
    ) -> None:
        assert seconds > 0, "seconds must be above 0"
        assert kept is None or kept >= seconds, "kept: at least the seconds that are given"
        assert of in ("sound", "speech"), "of: sound or speech"
        self.frontend, self.seconds, self.of = frontend, seconds, of
        self.size = None if size is None else (int(size[0]), int(size[1]))
        self.rate: int = frontend.rate
        self.samples = round(seconds * self.rate)
        self.stored = self.samples if kept is None else round(kept * self.rate)
        self.fills = bool(getattr(frontend, "fills", False))
        assert not (self.fills and kept is not None), "kept: this front-end fills what it is given"
        self.count = int(frontend.frames(self.samples))  # frames that are given
        self.stored_count = int(frontend.frames(self.stored))
        row: tuple[int, ...] = tuple(frontend.shape)
        assert len(row) < 3, "a frame is a number, a row, or several rows"
        assert size is None or len(row) == 1, "size: only a spectrum is resized"
        self.shape: tuple[int, ...] = (
            (self.count,),
            (1, *(self.size or (*row, self.count))),
            (*row[:1], self.count, *row[1:]),
        )[len(row)]

    def heard(self, wave: np.ndarray) -> np.ndarray:
        """Of a wave (N,) at `rate` the samples that frames are made of: `stored` of them."""
        if self.fills:
            return wave[: self.stored]
        found = np.zeros(self.stored, np.float32)
        found[: len(wave)] = wave[: self.stored]
        return found

    def values(self, frames: Tensor) -> Tensor:
        """What networks take, (B, *shape) float32, of frames (B, T, ...) as they are stored; T is
        `count`."""
        lengths = torch.full((len(frames),), frames.shape[1], device=frames.device)
        found = self.frontend.normalise(frames, lengths)
        if found.dim() == 2:
            return found  # type: ignore[no-any-return]
        found = found.transpose(1, 2)
        if found.dim() == 4:
            return found.contiguous()  # type: ignore[no-any-return]
        return resized(found[:, None], self.shape[1:])

    def waves(self, values: Tensor) -> Tensor:
        """Sounds (B, samples) in [-1, 1] that values (B, *shape) may be of. Raises `UserError`
        where the front-end has no way back."""
        if not hasattr(self.frontend, "inverse"):
            name = type(self.frontend).__name__
            raise UserError(f"frontend: {name} cannot be turned back into sound; take lms128")
        with torch.no_grad():
            frames = exact(values)
            if frames.dim() == 4:
                whole = (int(self.frontend.shape[0]), self.count)
                frames = resized(frames, whole)[:, 0].transpose(1, 2)
            found: Tensor = self.frontend.inverse(self.frontend.denormalise(frames), self.samples)
        return found

    def as_of(self, values: Tensor, other: Excerpt) -> Tensor:
        """Values (B, *shape) of this excerpt as another has them, (B, *other.shape): a spectrum of
        the same front-end is resized, another becomes a sound first. Raises `UserError` as
        `waves` does."""
        if vars(self.frontend) == vars(other.frontend) and len(self.shape) == 3 == len(other.shape):
            return values if self.shape == other.shape else resized(values, other.shape[1:])
        waves = self.waves(values).cpu().numpy()
        heard = [other.heard(_at_rate(wave, self.rate, other.rate)) for wave in waves]
        frames, _ = other.frontend(
            torch.from_numpy(np.stack(heard)), torch.full((len(heard),), len(heard[0]))
        )
        return other.values(frames).to(values.device)

    def pictures(self, values: Tensor) -> Tensor:
        """How values (B, *shape) look to a person, (B, 3, H, W) in [-1, 1]: time to the right, low
        sounds at the bottom, loud ones dark; of a waveform its outline."""
        found = values.detach().float().nan_to_num()
        if found.dim() == 2:
            return coloured(outline(found))
        if found.shape[1] > 1:  # rows of a frame: their size together
            found = found.square().sum(1, keepdim=True).sqrt().transpose(2, 3)
            found = found / found.amax((1, 2, 3), keepdim=True).clamp_min(1e-6) * 2 - 1
        return coloured(found.flip(2))


def _at_rate(wave: np.ndarray, rate: int, other: int) -> np.ndarray:
    """A generated wave (N,) at another rate; networks may make silence, which no recording is."""
    try:
        return as_wave(wave, rate, other)
    except Silent:
        return np.zeros(-(-len(wave) * other // rate), np.float32)


def resized(values: Tensor, size: Sequence[int]) -> Tensor:
    """Pictures (B, C, H, W) at another size, without what a smaller one cannot show."""
    height, width = size
    if tuple(values.shape[2:]) == (height, width):
        return values.contiguous()
    return F.interpolate(values, (height, width), mode="bilinear", antialias=True)


def outline(waves: Tensor) -> Tensor:
    """How far waves (B, N) reach in each of `WAVE_SIZE` stretches: (B, 1, `WAVE_SIZE`,
    `WAVE_SIZE`), 1 inside and -1 outside."""
    reach = F.adaptive_max_pool1d(waves.abs()[:, None], WAVE_SIZE)[:, 0]
    reach = reach / reach.amax(1, keepdim=True).clamp_min(1e-6)
    height = torch.linspace(-1, 1, WAVE_SIZE, device=waves.device).abs()
    return ((height[:, None] <= reach[:, None, :]).float() * 2 - 1)[:, None]


def coloured(values: Tensor) -> Tensor:
    """(B, 1, H, W) in [-1, 1] as (B, 3, H, W): from paper over orange and red to ink."""
    share = (values.clamp(-1, 1) + 1) / 2
    found = torch.zeros(len(values), 3, *values.shape[2:], device=values.device)
    for (low, before), (high, after) in pairwise(HUES):
        first, last = (values.new_tensor(hue).view(1, 3, 1, 1) for hue in (before, after))
        mixed = first + (last - first) * ((share - low) / (high - low)).clamp(0, 1)
        found = torch.where(share >= low, mixed, found)
    return found / 127.5 - 1
