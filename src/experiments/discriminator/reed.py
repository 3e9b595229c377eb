"""The discriminator of GAN-CLS and of both stages of StackGAN (Reed 2016; Zhang 2017 released it
almost unchanged, for 256 px with more layers)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from experiments.discriminator.base import MAP_SIZE, SLOPE, Discriminator, Logits, with_sentence
from experiments.discriminator.together import together
from experiments.layer.normalisation import JudgeNorm, convolution, linear
from experiments.layer.residual import Bottleneck

HEAD_FACTOR = 8


class ReedTrunk(nn.Sequential):
    """A picture (B, `inputs`, R, R) to a map (B, `channels`, 4, 4)."""

    def __init__(
        self, resolution: int, width: int, residual: bool, norm: JudgeNorm, inputs: int = 3
    ) -> None:
        """See `ReedDiscriminator`."""
        downs = (resolution // MAP_SIZE).bit_length() - 1
        assert downs >= 1 and resolution == MAP_SIZE << downs, (
            f"a resolution must be 8, 16, 32, ..., got {resolution}"
        )
        shapes = [(width << index, 4) for index in range(downs)]
        while shapes[-1][0] > HEAD_FACTOR * width:
            shapes.append((shapes[-1][0] // 2, 1))
        silent = 2 if downs == len(shapes) else len(shapes) - 1  # from here on, before the block
        layers: list[nn.Module] = []
        for index, (outputs, kernel) in enumerate(shapes):
            stride = 2 if kernel == 4 else 1
            layers += convolution(inputs, outputs, kernel, stride, norm, normalised=index > 0)
            if not residual or index < silent:
                layers.append(nn.LeakyReLU(SLOPE))
            inputs = outputs
        if residual:
            layers.append(Bottleneck(inputs, inputs // 4, norm, nn.LeakyReLU(SLOPE)))
            layers.append(nn.LeakyReLU(SLOPE))
        super().__init__(*layers)
        self.channels = inputs


class ReedDiscriminator(Discriminator):
    """Stride-2 convolutions to a 4x4 map, joined with the projected sentence."""

    def __init__(
        self,
        resolutions: Sequence[int] = (64,),
        width: int = 64,
        text_dim: int = 1024,
        projected_dim: int = 128,
        residual: bool = True,
        text_norm: bool = True,
        norm: JudgeNorm = "batch",
        channels: int = 3,
    ) -> None:
        """`width`: channels of the first map (ndf); they double down to 4x4, and where they are
        more than 8 x width there, 1x1 convolutions halve them to that. `residual`: a bottleneck
        block on the last map; with it the convolutions after the second have no activation up to
        64 px (as released for birds and flowers), above it the last has none. `text_norm`: a norm
        on the projected sentence. `norm`: spectral bounds the weights of all layers but the head.
        64 and 256 px are published. `channels`: of what is judged, 1 for a spectrogram (Chen 2017).
        """
        super().__init__()
        (resolution,) = resolutions
        self.resolutions = [resolution]
        self.layers = ReedTrunk(resolution, width, residual, norm, channels)
        inputs = self.layers.channels
        self.project = nn.Sequential(
            *linear(text_dim, projected_dim, norm, text_norm), nn.LeakyReLU(SLOPE)
        )
        self.joint = nn.Sequential(
            *convolution(inputs + projected_dim, inputs, 1, 1, norm), nn.LeakyReLU(SLOPE)
        )
        self.head = nn.Conv2d(inputs, 1, MAP_SIZE)

    def trunks(self, batches: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
        return [[features] for features in together(self.layers, [image for (image,) in batches])]

    def heads(
        self, features: Sequence[Sequence[Tensor]], conditions: Sequence[Tensor]
    ) -> list[list[Logits]]:
        joined = [
            with_sentence(maps, self.project(condition))
            for (maps,), condition in zip(features, conditions, strict=True)
        ]
        return [[(self.head(maps).flatten(), None)] for maps in together(self.joint, joined)]
