"""A scene: a foreground that moves over a background that does not (Vondrick 2016, section 3.1).

    clip = m * f + (1 - m) * b

with f and m of a stream over space and time, b of one over space alone, which is repeated.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.layer.clip_map import (
    Shown,
    doublings,
    normed,
    smallest,
    steps_of,
    through,
    widths_of,
)
from experiments.layer.normalisation import Norm

Streams = Literal["one", "two"]


class Scene(NamedTuple):
    """What one forward pass gives.

    clip, foreground: (B, C, T, H, W) in [-1, 1]; mask: (B, 1, T, H, W) from 0, which shows the
    background (B, C, H, W), to 1. With one stream the clip is the foreground, and both are None.
    """

    clip: Tensor
    foreground: Tensor
    mask: Tensor | None = None
    background: Tensor | None = None


def composed(foreground: Tensor, mask: Tensor, background: Tensor) -> Scene:
    """The scene of its parts, shaped as `Scene` says."""
    clip = mask * foreground + (1 - mask) * background[:, :, None]
    return Scene(clip, foreground, mask, background)


def pixels_moved(picture: Tensor, come: Tensor) -> Tensor:
    """Clips (B, C, T, H, W) of the pixels of pictures (B, C, H, W): each comes from its own place
    and `come` (B, 2, T, H, W) away, x and y, in halves of a side. Beyond the edge the picture
    repeats its own. In float32. (Appearance flow, Zhou et al. 2016; of clips, Vondrick and
    Torralba 2017.)"""
    height, width = picture.shape[-2:]
    lines = [
        (torch.arange(size, device=come.device) + 0.5) * (2 / size) - 1 for size in (width, height)
    ]
    x, y = come[:, 0].float() + lines[0], come[:, 1].float() + lines[1][:, None]
    grid = torch.stack((x, y), dim=-1).flatten(1, 2)  # frames below each other
    kind = picture.device.type
    with torch.autocast("cpu" if kind == "meta" else kind, enabled=False):
        found = F.grid_sample(picture.float(), grid, padding_mode="border", align_corners=False)
    return found.unflatten(2, (-1, height))


class SceneStreams(nn.Module):
    """Smallest maps of both streams to a scene; what stands before them differs by method.

    base: (frames, side, side) of the smallest map of the foreground; widths: channels of the maps
    from the smallest up.
    """

    def __init__(
        self,
        frames: int,
        side: int,
        channels: int,
        width: int,
        streams: Streams,
        norm: Norm,
        background_inputs: int | None = None,
        skips: bool = False,
        moves: bool = False,
    ) -> None:
        """`width`: channels of the last map but the clip; they double towards the smallest.
        `background_inputs`: channels of the background's smallest map, None: as the foreground's.
        `skips`: maps of an encoder join both streams. `moves`: the foreground also takes pixels of
        a picture (`pixels_moved`)."""
        super().__init__()
        assert streams in get_args(Streams), streams
        steps = steps_of(frames, side)
        self.base, self.widths = smallest(frames, side), widths_of(steps, width)[::-1]
        self.foreground = doublings(steps, self.widths, norm, skips)
        self.channels = channels
        last = width * 2 if skips and len(steps) > 1 else width
        # Colours, the mask, and of pixels that move where they come from and how much they show.
        self.moves = moves
        self.shown = Shown(last, channels + (streams == "two") + 3 * moves, steps[0])
        self.background: nn.Module | None = None
        if streams == "two":
            first = self.widths[0] if background_inputs is None else background_inputs
            layers: list[nn.Module] = []
            for inputs, outputs in itertools.pairwise([first, *self.widths[1:]]):
                taken = inputs * 2 if skips and layers else inputs
                layer = nn.ConvTranspose2d(taken, outputs, 4, 2, 1, bias=False)
                layers += [layer, *normed(norm, outputs, 2), nn.ReLU()]
            last = last if len(self.widths) > 1 else first
            layers.append(nn.ConvTranspose2d(last, channels, 4, 2, 1))
            self.background = nn.Sequential(*layers)

    def forward(
        self,
        moving: Tensor,
        still: Tensor | None,
        beside: Sequence[Tensor] = (),
        picture: Tensor | None = None,
    ) -> Scene:
        """moving (B, widths[0], *base); still (B, C, side, side) of the base, of which nothing is
        made with one stream. beside: with `skips` the encoder's maps, from the smallest up. picture
        (B, C, H, W): whose pixels move, with `moves`."""
        shown = self.shown(through(self.foreground, moving, beside)).float()
        foreground = torch.tanh(shown[:, : self.channels])
        if self.moves:
            assert picture is not None, "this foreground is told a picture"
            come, share = shown[:, -3:-1], torch.sigmoid(shown[:, -1:])
            foreground = share * pixels_moved(picture, come) + (1 - share) * foreground
        if self.background is None:
            return Scene(foreground, foreground)
        mask = torch.sigmoid(shown[:, self.channels : self.channels + 1])
        assert still is not None
        background = through(self.background, still, beside).float()
        return composed(foreground, mask, torch.tanh(background))


class SceneGenerator(nn.Module):
    """What generators of scenes have in common: a form, and what a sentence is made of."""

    frames: int
    side: int
    channels: int
    noise_dim: int
    text_dim: int  # of a sentence, 0: it is told none
    streams: Streams

    def __init__(
        self,
        frames: int,
        side: int,
        channels: int,
        noise_dim: int,
        text_dim: int,
        projected_dim: int,
        streams: Streams,
    ) -> None:
        super().__init__()
        self.frames, self.side, self.channels = frames, side, channels
        self.noise_dim, self.text_dim, self.streams = noise_dim, text_dim, streams
        self.told_dim = projected_dim if text_dim else 0
        self.project: nn.Module | None = None
        if text_dim:
            self.project = nn.Sequential(nn.Linear(text_dim, projected_dim), nn.LeakyReLU(0.2))

    def told(self, noise: Tensor, sentence: Tensor | None) -> Tensor:
        """Noise (B, noise_dim), and after it what a sentence (B, text_dim) becomes."""
        if self.project is None:
            return noise
        assert sentence is not None, "this generator is told a sentence"
        return torch.cat((noise, self.project(sentence)), dim=1)
