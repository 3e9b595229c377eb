"""StackGAN-v2's generator: a tree of stages that share one condition (Zhang 2018, section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from experiments.generator.augmentation import ConditionActivation, ConditioningAugmentation
from experiments.generator.base import Generator, GeneratorOutput, doublings
from experiments.generator.block import GLU, InitialStage, ResidualBlock, UpBlock
from experiments.layer.normalisation import Norm, normalisation


class JointStage(nn.Module):
    """F_i: the condition at every pixel, a joint convolution, residual blocks, double the side.

    `dense`: what came in stands beside what the blocks made of it, so that the doubling sees twice
    as many channels (Wang 2020, S2IGAN's densely-stacked generator).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        condition_dim: int,
        residual_blocks: int,
        norm: Norm,
        fast: bool,
        dense: bool = False,
    ) -> None:
        super().__init__()
        self.dense = dense
        self.joint = nn.Sequential(
            nn.Conv2d(inputs + condition_dim, 2 * inputs, 3, padding=1, bias=False),
            normalisation(norm, 2 * inputs),
            GLU(),
        )
        self.residual = nn.Sequential(
            *(ResidualBlock(inputs, norm) for _ in range(residual_blocks))
        )
        self.up = UpBlock((1 + dense) * inputs, outputs, norm, fast)

    def forward(self, h: Tensor, condition: Tensor) -> Tensor:
        tiled = condition.to(h.dtype)[:, :, None, None].expand(-1, -1, *h.shape[2:])
        made = self.residual(self.joint(torch.cat((tiled, h), dim=1)))
        return self.up(torch.cat((made, h), dim=1) if self.dense else made)


class StackGANv2Generator(Generator):
    """Images of every resolution from noise and a sentence."""

    def __init__(
        self,
        resolutions: Sequence[int] = (64, 128, 256),
        width: int = 64,
        noise_dim: int = 100,
        condition_dim: int = 128,
        text_dim: int = 1024,
        residual_blocks: int | Sequence[int] = 2,
        norm: Norm = "batch",
        activation: ConditionActivation = "glu",
        sampling: bool = True,
        fast_upsample: bool = True,
        dense: bool = False,
        standardised: bool = False,
    ) -> None:
        """`resolutions`: each twice the one before, the first 4 x 2^k. `width`: channels of the
        first stage (GF_DIM); each further stage has half of those before. `residual_blocks`: of
        each further stage, or of all; a fourth was released with one, untested. `activation`,
        `sampling` and `standardised` are those of the conditioning augmentation. `dense`: further
        stages keep what came in beside what they make of it (S2IGAN), the only difference of that
        generator.
        """
        super().__init__()
        for small, large in pairwise(resolutions):
            assert large == 2 * small, f"resolutions must double: {list(resolutions)}"
        ups, further = doublings(resolutions[0]), len(resolutions) - 1
        blocks = (
            [residual_blocks] * further
            if isinstance(residual_blocks, int)
            else list(residual_blocks)
        )
        assert len(blocks) == further, f"residual_blocks {blocks} of {further} further stages"
        widths = [width >> stage for stage in range(len(resolutions))]
        assert widths[-1] >= 1, f"width {width} cannot be halved {len(widths) - 1} times"
        self.resolutions = list(resolutions)
        self.noise_dim, self.condition_dim, self.text_dim = noise_dim, condition_dim, text_dim
        self.augmentation = ConditioningAugmentation(
            text_dim, condition_dim, activation, sampling, standardised
        )
        self.initial = InitialStage(
            condition_dim + noise_dim, width, width << ups, ups, norm, fast_upsample
        )
        self.stages = nn.ModuleList(
            JointStage(inputs, outputs, condition_dim, count, norm, fast_upsample, dense)
            for (inputs, outputs), count in zip(pairwise(widths), blocks, strict=True)
        )
        self.heads = nn.ModuleList(nn.Conv2d(c, 3, 3, padding=1, bias=False) for c in widths)

    def forward(self, noise: Tensor, epsilon: Tensor, sentence: Tensor) -> GeneratorOutput:
        """noise (B, noise_dim) and epsilon (B, condition_dim), both ~ N(0, I); sentence
        (B, text_dim)."""
        condition, mu, logvar = self.augmentation(sentence, epsilon)
        h = self.initial(condition, noise)
        maps = [h]
        for stage in self.stages:
            h = stage(h, condition)
            maps.append(h)
        images = [torch.tanh(head(h).float()) for head, h in zip(self.heads, maps, strict=True)]
        return GeneratorOutput(images, mu, logvar)
