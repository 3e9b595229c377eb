"""DF-GAN's discriminator: a residual trunk without norms and one head that sees picture and
sentence together, the one-way output of Tao et al. 2022, section 3.2."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.discriminator.base import MAP_SIZE, SLOPE, Discriminator, Logits, with_sentence
from experiments.layer.start import layers_own_start
from experiments.layer.width import widths_of


class DownResidual(nn.Module):
    """(B, inputs, H, W) -> (B, outputs, H/2, W/2): shortcut + gamma residual, gamma 0 at first.

    The shortcut takes means before its 1x1 convolution, which is the released one at a quarter of
    the work; where widths agree the release holds weights of one that it never uses, and this not.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.LeakyReLU(SLOPE),
        )
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.gamma = nn.Parameter(torch.zeros(1))

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.gamma)

    def forward(self, x: Tensor) -> Tensor:
        residual = self.gamma.to(x.dtype) * self.residual(x)
        return self.shortcut(F.avg_pool2d(x, 2)) + residual


class DFGANDiscriminator(Discriminator):
    """A judge of pairs alone: there is no logit of the picture without its sentence."""

    def __init__(
        self, resolutions: Sequence[int] = (256,), width: int = 32, text_dim: int = 256
    ) -> None:
        """`width`: channels of the first map (nf); they double down to 4x4, up to 8 x width."""
        super().__init__()
        (resolution,) = resolutions
        self.resolutions = [resolution]
        widths = widths_of(resolution, width)
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1), *(DownResidual(a, b) for a, b in pairwise(widths))
        )
        self.head = nn.Sequential(
            nn.Conv2d(widths[-1] + text_dim, 2 * width, 3, padding=1, bias=False),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(2 * width, 1, MAP_SIZE, bias=False),
        )

    def own_start(self) -> None:
        """Every layer as PyTorch begins it, and residual parts without any effect."""
        layers_own_start(self)

    def trunks(self, batches: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
        """All batches at once: no picture depends on another."""
        images = [image for (image,) in batches]
        maps = self.layers(torch.cat(images))
        return [[part] for part in maps.split([len(image) for image in images])]

    def heads(
        self, features: Sequence[Sequence[Tensor]], conditions: Sequence[Tensor]
    ) -> list[list[Logits]]:
        pairs = zip(features, conditions, strict=True)
        joined = [with_sentence(maps, told) for (maps,), told in pairs]
        logits = self.head(torch.cat(joined)).flatten()
        return [[(part, None)] for part in logits.split([len(maps) for maps in joined])]
