"""VGAN's generator: noise to a clip of 32 frames, 64 px (Vondrick 2016, as released)."""

from __future__ import annotations

from torch import Tensor, nn

from experiments.generator.scene import Scene, SceneGenerator, SceneStreams, Streams
from experiments.layer.clip_map import normed
from experiments.layer.normalisation import Norm


class VGANGenerator(SceneGenerator):
    """The same z, and a sentence where there is one, to the smallest map of each stream: 512 x 4 x
    4 and 512 x 2 x 4 x 4 as published."""

    def __init__(
        self,
        frames: int = 32,
        side: int = 64,
        channels: int = 3,
        width: int = 64,
        noise_dim: int = 100,
        text_dim: int = 0,
        projected_dim: int = 256,
        streams: Streams = "two",
        norm: Norm = "batch",
    ) -> None:
        """`width`: channels of the last map but the clip; they double towards the smallest.
        `text_dim`: of a sentence, which becomes `projected_dim` numbers beside the noise; 0: none,
        as published. `streams`: one is the foreground alone."""
        super().__init__(frames, side, channels, noise_dim, text_dim, projected_dim, streams)
        self.scene = SceneStreams(frames, side, channels, width, streams, norm)
        inputs, first = noise_dim + self.told_dim, self.scene.widths[0]
        base = self.scene.base
        self.moving = nn.Sequential(
            nn.ConvTranspose3d(inputs, first, base, bias=False), *normed(norm, first, 3), nn.ReLU()
        )
        self.still: nn.Module | None = None
        if streams == "two":
            layer = nn.ConvTranspose2d(inputs, first, base[1:], bias=False)
            self.still = nn.Sequential(layer, *normed(norm, first, 2), nn.ReLU())

    def forward(self, noise: Tensor, sentence: Tensor | None = None) -> Scene:
        """noise (B, noise_dim) ~ N(0, I); sentence (B, text_dim) where it is told one."""
        told = self.told(noise, sentence)[:, :, None, None]
        still = None if self.still is None else self.still(told)
        return self.scene(self.moving(told[..., None]), still)  # type: ignore[no-any-return]
