"""Wav2Pix's discriminator: does a picture belong to what was heard? (Duarte et al. 2019)"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from experiments.discriminator.base import MAP_SIZE, SLOPE, Discriminator, Logits, with_sentence
from experiments.discriminator.together import together
from experiments.layer.spectral import SpectralConv2d


class Wav2PixDiscriminator(Discriminator):
    """Stride-2 convolutions of bounded weights to a 4x4 map, joined with the vector of the sound
    by one convolution over all of it. Nothing has a bias.

    As released, that convolution is linear, so a score is a sum of what the picture and what the
    sound say alone: it cannot depend on whether they belong together, and wrong pairs teach
    nothing. `joint_layer` corrects that.

    `fast`: on a CPU its maps lie channels last, which its convolutions read a sixth faster.
    """

    fast = True

    def __init__(
        self,
        resolutions: Sequence[int] = (128,),
        width: int = 64,
        heard_dim: int = 128,
        joint_layer: bool = False,
    ) -> None:
        """`width`: channels of the first map; they double down to 4x4. 64 and 128 px are published.
        `joint_layer`: picture and sound pass a convolution of 1x1 and a leaky ReLU together, as in
        GAN-CLS, before they are scored (this project's choice); false: as released."""
        super().__init__()
        (resolution,) = resolutions
        self.resolutions = [resolution]
        layers: list[nn.Module] = []
        inputs = 3
        downs = (resolution // MAP_SIZE).bit_length() - 1
        assert downs >= 1 and resolution == MAP_SIZE << downs, (
            f"a resolution must be 8, 16, 32, ..., got {resolution}"
        )
        for step in range(downs):
            layers.append(SpectralConv2d(inputs, width << step, 4, 2, 1, bias=False))
            layers.append(nn.LeakyReLU(SLOPE))
            inputs = width << step
        self.layers = nn.Sequential(*layers)
        self.join = nn.Sequential()
        both = inputs + heard_dim
        if joint_layer:
            joint = SpectralConv2d(both, inputs, 1, 1, 0, bias=False)
            self.join.extend([joint, nn.LeakyReLU(SLOPE)])
            both = inputs
        self.head = nn.Conv2d(both, 1, MAP_SIZE, bias=False)

    def trunks(self, batches: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
        images = [image for (image,) in batches]
        if self.fast and images[0].device.type == "cpu":
            images = [image.contiguous(memory_format=torch.channels_last) for image in images]
        return [[maps] for maps in together(self.layers, images)]

    def heads(
        self, features: Sequence[Sequence[Tensor]], conditions: Sequence[Tensor]
    ) -> list[list[Logits]]:
        """Scores from -infinity to infinity, of which least squares want 0 and 1."""
        joined = [
            with_sentence(*pair) for pair in zip((f[0] for f in features), conditions, strict=True)
        ]
        return [[(self.head(maps).flatten(), None)] for maps in together(self.join, joined)]
