"""VGAN's discriminator: is a clip real, and does it belong to a sentence? (Vondrick 2016, section
3.2; the sentence as in GAN-CLS, Reed 2016)"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from experiments.layer.clip_map import SLOPE, halvings, normed
from experiments.layer.normalisation import JudgeNorm
from experiments.layer.spectral import SpectralConv3d

EPS = 1e-3  # of its norms, as released


class VGANDiscriminator(nn.Module):
    """Stride-2 convolutions over space and time to a small map, and one over all of it."""

    def __init__(
        self,
        frames: int = 32,
        side: int = 64,
        channels: int = 3,
        width: int = 64,
        text_dim: int = 0,
        projected_dim: int = 256,
        norm: JudgeNorm = "batch",
        outputs: Literal[1, 2] = 1,
        judges_frames: bool = False,
    ) -> None:
        """`width`: channels of the first map; they double down to the smallest, 512 x 2 x 4 x 4 as
        published. `text_dim`: of a sentence, 0: it is told none. `outputs`: 2 are the classes real
        and made of the release, whose difference is the logit: cross-entropy of their softmax is
        that of its sigmoid. `norm`: spectral bounds all weights but the head's, and the linear
        layer's of the sentence. `judges_frames`: a network of its own, the same for one frame, also
        judges each frame (options of this project, as TGANs-C has them)."""
        super().__init__()
        self.frames, self.side, self.channels = frames, side, channels
        self.text_dim, self.outputs = text_dim, outputs
        self.layers, last, base = halvings((channels, frames, side), width, norm, EPS)
        self.project: nn.Module | None = None
        self.joint: nn.Module | None = None
        if text_dim:
            self.project = nn.Sequential(nn.Linear(text_dim, projected_dim), nn.LeakyReLU(SLOPE))
            self.joint = nn.Sequential(*joint(last + projected_dim, last, norm))
        self.head = nn.Conv3d(last, outputs, base)
        self.still: VGANDiscriminator | None = None
        if judges_frames:
            assert frames > 1, "judges_frames: a clip of one frame is judged already"
            self.still = VGANDiscriminator(
                1, side, channels, width, text_dim, projected_dim, norm, outputs
            )

    def forward(self, clips: Tensor, sentence: Tensor | None = None) -> Tensor:
        """Logits (B,) that clips (B, C, T, H, W) are real and, where it is told a sentence (B,
        text_dim), belong to it."""
        maps = self.layers(clips)
        if self.project is not None and self.joint is not None:
            assert sentence is not None, "this discriminator is told a sentence"
            told = self.project(sentence).to(maps.dtype)[:, :, None, None, None]
            maps = self.joint(torch.cat((maps, told.expand(-1, -1, *maps.shape[2:])), dim=1))
        found = self.head(maps).flatten(1)
        return found[:, 0] - found[:, 1] if self.outputs == 2 else found[:, 0]

    def of_frames(self, clips: Tensor, sentence: Tensor | None = None) -> Tensor:
        """The same (B, T) of every frame of clips, where frames are judged."""
        assert self.still is not None, "judges_frames"
        count = clips.shape[2]
        frames = clips.transpose(1, 2).flatten(0, 1)[:, :, None]
        told = None if sentence is None else sentence.repeat_interleave(count, dim=0)
        found: Tensor = self.still(frames, told)
        return found.unflatten(0, (-1, count))


def joint(inputs: int, outputs: int, norm: JudgeNorm) -> list[nn.Module]:
    """What mixes features of a clip and its sentence, place by place."""
    if norm == "spectral":
        return [SpectralConv3d(inputs, outputs, 1), nn.LeakyReLU(SLOPE)]
    layer = nn.Conv3d(inputs, outputs, 1, bias=False)
    return [layer, *normed(norm, outputs, 3, EPS), nn.LeakyReLU(SLOPE)]
