"""The three judges of TGANs-C (Pan et al. 2017): of the clip, of its frames, and of what moves from
one frame to the next. Each says whether it is real and belongs to the sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.discriminator.together import together
from experiments.layer.normalisation import JudgeNorm, convolution, linear, volume
from experiments.layer.spectral import SpectralConv3d, normed_weight
from experiments.layer.volume import FEW, base_of, halved_in_cells, halvings, last

Level = Literal["video", "frame", "motion"]
LEVELS: tuple[Level, ...] = get_args(Level)
Head = Literal["joint", "projection"]
SLOPE = 0.2
Logits = dict[Level, Tensor]  # (B,) of clips, (B, T) of frames, (B, T - 1) of motion


class Seen(NamedTuple):
    """Features of clips (B, ...): of the whole (B, F, t, h, w), and of each frame (B, F, T, h, w);
    None where no judge wants them."""

    video: Tensor | None
    frames: Tensor | None

    @property
    def motion(self) -> Tensor:
        """What changes from one frame to the next, (B, F, T - 1, h, w)."""
        assert self.frames is not None, "motion is of frames"
        return self.frames[:, :, 1:] - self.frames[:, :, :-1]


class ClipDiscriminator(nn.Module):
    """Stride-2 convolutions to a small map, joined with the sentence, once of the whole clip (3-D)
    and once of every frame (2-D); motion has no convolutions of its own.

    `fast`: on a CPU, clips and maps without batch norm lie channels last, which convolutions read
    up to half as fast again.
    """

    fast = True

    def __init__(
        self,
        levels: Sequence[Level] = LEVELS,
        frames: int = 16,
        side: int = 48,
        channels: int = 3,
        base: Sequence[int] | None = None,
        width: int = 64,
        text_dim: int = 256,
        projected_dim: int = 256,
        head: Head = "joint",
        norm: JudgeNorm = "batch",
    ) -> None:
        """`levels`: which of the three judge. `base` and `width` as those of `ClipGenerator`:
        channels grow from `width` to 512 at 16 x 48. `head`: joint, as published, with the sentence
        at every place; projection adds the product of sentence and features to a logit of the
        features alone (Miyato and Koyama 2018). `norm`: spectral bounds the weights of all layers
        and takes no statistics of a batch, so that all clips are looked at in one pass.
        """
        super().__init__()
        self.levels: list[Level] = [level for level in LEVELS if level in levels]
        assert self.levels and set(levels) <= set(LEVELS), f"levels: {list(levels)} of {LEVELS}"
        assert head in get_args(Head), head
        assert "motion" not in levels or frames > 1, "levels: one frame does not move"
        smallest = base_of(frames, side, None if base is None else list(base))
        downs = halvings(side, smallest)
        self.frames, self.side, self.channels, self.norm = frames, side, channels, norm
        widths = [width << step for step in range(downs)]
        self.trunk3d = trunk(channels, widths, norm, 3) if "video" in levels else None
        flat = set(levels) & {"frame", "motion"}
        self.trunk2d = trunk(channels, widths, norm, 2) if flat else None
        made: dict[str, nn.Module] = {}
        for level in self.levels:
            extent = smallest if level == "video" else (1, *smallest[1:])
            if head == "joint":
                made[level] = JointHead(widths[-1], text_dim, projected_dim, extent, norm)
            else:
                made[level] = ProjectionHead(widths[-1], text_dim, extent, norm)
        self.heads_of = nn.ModuleDict(made)

    def trunks(self, clips: Sequence[Tensor]) -> list[Seen]:
        """Clips (B, C, T, H, W) in [-1, 1] of each batch -> their features."""
        whole: Sequence[Tensor | None] = [None] * len(clips)
        flat: Sequence[Tensor | None] = whole
        if self.trunk3d is not None:
            whole = self.passed(self.trunk3d, clips)
        if self.trunk2d is not None:
            found = self.passed(self.trunk2d, [as_frames(clip) for clip in clips])
            flat = [of_clips(maps, clip.shape[2]) for maps, clip in zip(found, clips, strict=True)]
        return [Seen(*pair) for pair in zip(whole, flat, strict=True)]

    def passed(self, layers: nn.Sequential, batches: Sequence[Tensor]) -> list[Tensor]:
        """Each batch as the layers map it; all at once where none has statistics of its own."""
        if self.norm == "batch":
            return together(layers, batches)
        first, *rest = layers
        joined = joint(batches)
        if self.fast and joined.device.type == "cpu":
            joined = last(joined)
            in_cells = joined.dim() == 4 and joined.requires_grad and self.channels <= FEW
            joined = halved_in_cells(first, joined) if in_cells else first(joined)  # type: ignore[arg-type]
        else:
            joined = first(joined)
        for layer in rest:
            joined = layer(joined)
        return list(joined.split([len(part) for part in batches]))

    def heads(self, seen: Sequence[Seen], told: Sequence[Tensor]) -> list[Logits]:
        """Features, and the sentences (B, D) that they are to belong to -> logits of each level."""
        found: list[Logits] = [{} for _ in seen]
        for level in self.levels:
            features = [features_at(one, level) for one in seen]
            judge = self.heads_of[level]
            if self.norm == "batch":
                logits = judge(features, told)
            else:
                (joined,) = judge([joint(features)], [joint(told)])
                logits = joined.split([len(one) for one in features])
            for place, logit in zip(found, logits, strict=True):
                place[level] = logit.flatten() if level == "video" else logit
        return found

    def forward(self, clips: Tensor, told: Tensor) -> Logits:
        """Of one batch."""
        return self.heads(self.trunks([clips]), [told])[0]


class JointHead(nn.Module):
    """The sentence, projected and rectified, at every place; a 1x1x1 convolution; one of full
    extent to a logit of each map (section 3.2)."""

    def __init__(
        self,
        channels: int,
        text_dim: int,
        projected_dim: int,
        extent: tuple[int, int, int],
        norm: JudgeNorm,
    ) -> None:
        super().__init__()
        self.project = nn.Sequential(
            *linear(text_dim, projected_dim, norm, normalised=False), nn.LeakyReLU(SLOPE)
        )
        self.joint = nn.Sequential(
            *volume(channels + projected_dim, channels, 1, norm), nn.LeakyReLU(SLOPE)
        )
        self.last = nn.Conv3d(channels, 1, extent)

    def forward(self, features: Sequence[Tensor], told: Sequence[Tensor]) -> list[Tensor]:
        """Features (B, F, T, h, w) and sentences (B, D) -> logits (B, T') of each batch."""
        joined = []
        for maps, sentence in zip(features, told, strict=True):
            text = self.project(sentence).to(maps.dtype)[:, :, None, None, None]
            joined.append(torch.cat((maps, text.expand(-1, -1, *maps.shape[2:])), dim=1))
        return [self.last(maps).flatten(1) for maps in together(self.joint, joined)]


class ProjectionHead(nn.Module):
    """A rectified convolution of full extent to a vector v of each map; w v + (V s) v.

    `fast`: on a CPU it is a product of matrices, the same function.
    """

    fast = True

    def __init__(
        self, channels: int, text_dim: int, extent: tuple[int, int, int], norm: JudgeNorm
    ) -> None:
        super().__init__()
        bounded = norm == "spectral"
        kind = SpectralConv3d if bounded else nn.Conv3d
        self.whole = nn.Sequential(kind(channels, channels, extent), nn.LeakyReLU(SLOPE))  # type: ignore[operator]
        self.alone = nn.Sequential(*linear(channels, 1, norm, normalised=False))
        self.project = nn.Sequential(*linear(text_dim, channels, norm, normalised=False))

    def forward(self, features: Sequence[Tensor], told: Sequence[Tensor]) -> list[Tensor]:
        """As `JointHead`."""
        found = []
        for maps, sentence in zip(features, told, strict=True):
            vectors = self.vectors(maps)
            match = (vectors * self.project(sentence)[:, None]).sum(2)
            found.append(self.alone(vectors).squeeze(2) + match)
        return found

    def vectors(self, maps: Tensor) -> Tensor:
        """(B, T', F)."""
        layer: Any = self.whole[0]
        act = self.whole[1]
        if not self.fast or maps.device.type != "cpu":
            return act(layer(maps)).flatten(2).transpose(1, 2)  # type: ignore[no-any-return]
        weight = normed_weight(layer, maps).movedim(1, -1)  # as maps lie, channels last
        each = maps.movedim(1, -1)
        each = each.flatten(2) if weight.shape[1] == 1 else each.flatten(1)[:, None]
        return act(F.linear(each, weight.flatten(1), layer.bias))  # type: ignore[no-any-return]


def trunk(channels: int, widths: Sequence[int], norm: JudgeNorm, dims: int) -> nn.Sequential:
    """Kernels of 4 with stride 2, a norm from the second on, leaky ReLU of 0.2."""
    layers: list[nn.Module] = []
    inputs = channels
    for index, outputs in enumerate(widths):
        if dims == 3:
            layers += volume(inputs, outputs, 4, norm, normalised=index > 0)
        else:
            layers += convolution(inputs, outputs, 4, 2, norm, normalised=index > 0)
        layers.append(nn.LeakyReLU(SLOPE))
        inputs = outputs
    return nn.Sequential(*layers)


def joint(batches: Sequence[Tensor]) -> Tensor:
    """All of them one after the other."""
    return batches[0] if len(batches) == 1 else torch.cat(list(batches))


def features_at(seen: Seen, level: Level) -> Tensor:
    found = seen.motion if level == "motion" else seen.video if level == "video" else seen.frames
    assert found is not None, level
    return found


def as_frames(clips: Tensor) -> Tensor:
    """(B, C, T, H, W) -> (B T, C, H, W)."""
    return clips.transpose(1, 2).flatten(0, 1)


def of_clips(maps: Tensor, frames: int) -> Tensor:
    """(B T, F, h, w) -> (B, F, T, h, w)."""
    return maps.unflatten(0, (-1, frames)).transpose(1, 2)
