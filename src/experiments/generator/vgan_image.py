"""VGAN's generator from a picture: what happens next (Vondrick 2016, section 4.4; as released).

Released without noise: a picture has one future. Noise and a sentence join the code of the picture,
by this project's choice; so do further frames, and what of them is known, for completion.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from experiments.generator.scene import Scene, SceneGenerator, SceneStreams, Streams
from experiments.layer.clip_map import normed, steps_of, widths_of
from experiments.layer.normalisation import Norm

EPS = 1e-3  # of the encoder's norms, as released


class VGANImageGenerator(SceneGenerator):
    """Stride-2 convolutions to a map of 1024 x 4 x 4, and both streams from there."""

    def __init__(
        self,
        frames: int = 32,
        side: int = 64,
        channels: int = 3,
        width: int = 128,
        noise_dim: int = 0,
        text_dim: int = 0,
        projected_dim: int = 256,
        streams: Streams = "two",
        norm: Norm = "batch",
        completes: str | None = None,
        skips: bool = False,
        moves: bool = False,
    ) -> None:
        """`width`: channels of the first map of the encoder and of the last one but the clip.
        `noise_dim`, `text_dim`: of what joins the code, 0 as released. `completes`: what
        is hidden of a clip that it is given, all frames side by side as channels, and beside them
        what is known; None: it is given a picture. `skips`: all maps of the encoder join both
        streams where these are as large (U-Net, Ronneberger 2015), by this project's choice: the
        smallest map alone forgets what colour a bird of a few pixels has. `moves`: the foreground
        also takes pixels of the picture from where it looks, by this project's choice: what moves
        away keeps its colours."""
        assert completes is None or not moves, "moves: needs a picture, of which nothing is hidden"
        super().__init__(frames, side, channels, noise_dim, text_dim, projected_dim, streams)
        self.completes = completes is not None
        inputs = frames * (channels + 1) if self.completes else channels
        widths = widths_of(steps_of(frames, side), width)
        code = widths[-1] + noise_dim + self.told_dim
        layers: list[nn.Module] = []
        for index, outputs in enumerate(widths):
            layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=index == 0))
            layers += normed(norm if index else None, outputs, 2, EPS)
            layers.append(nn.ReLU())
            inputs = outputs
        self.encoder = nn.Sequential(*layers)
        self.scene = SceneStreams(frames, side, channels, width, streams, norm, code, skips, moves)
        self.skips = skips
        first, depth = self.scene.widths[0], self.scene.base[0]
        self.moving = nn.Sequential(
            nn.ConvTranspose3d(code, first, (depth, 1, 1), bias=False),
            *normed(norm, first, 3),
            nn.ReLU(),
        )

    def forward(self, given: Tensor, noise: Tensor, sentence: Tensor | None = None) -> Scene:
        """given: the first frame (B, C, H, W); of one that completes `seen_of` a clip. noise
        (B, noise_dim); sentence (B, text_dim) where it is told one."""
        code, beside = given, list[Tensor]()
        for layer in self.encoder:
            code = layer(code)
            if self.skips and isinstance(layer, nn.ReLU):
                beside.insert(0, code)
        told = self.told(noise, sentence).to(code.dtype)[:, :, None, None]
        code = torch.cat((code, told.expand(-1, -1, *code.shape[2:])), dim=1)
        moving = self.moving(code[:, :, None])
        return self.scene(moving, code, beside[1:], given)  # type: ignore[no-any-return]


def seen_of(clips: Tensor, hidden: Tensor) -> Tensor:
    """What a generator that completes is given of clips (B, C, T, H, W): the frames side by side,
    0 (grey) where `hidden` (B, 1, T, H, W) is True, and of each what is known, 1 or 0: (B, T (C +
    1), H, W)."""
    known = (~hidden).to(clips.dtype)
    return torch.cat((clips * known, known), dim=1).flatten(1, 2)
