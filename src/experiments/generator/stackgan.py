"""StackGAN's two generators: a sketch from the sentence, and its refinement (Zhang 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from experiments.generator.augmentation import ConditionActivation, ConditioningAugmentation
from experiments.generator.base import SEED_SIZE, Generator, GeneratorOutput, doublings
from experiments.generator.block import UpConv
from experiments.layer.normalisation import Norm, normalisation
from experiments.layer.residual import Bottleneck, ResidualBlock

Arch = Literal["pytorch", "tensorflow"]  # the two releases of the authors


def _up(inputs: int, outputs: int, norm: Norm, fast: bool) -> list[nn.Module]:
    return [UpConv(inputs, outputs, fast), normalisation(norm, outputs), nn.ReLU()]


class StackGANStage1(Generator):
    """Conditioning augmentation and noise to a small picture (section 3.3)."""

    def __init__(
        self,
        resolutions: Sequence[int] = (64,),
        width: int = 128,
        noise_dim: int = 100,
        condition_dim: int = 128,
        text_dim: int = 1024,
        arch: Arch = "pytorch",
        norm: Norm = "batch",
        activation: ConditionActivation = "relu",
        sampling: bool = True,
        fast_upsample: bool = True,
    ) -> None:
        """`width` w (GF_DIM): the 4x4 map has 2^(ups - 1) w channels, which halve with each of its
        `ups` doublings. "pytorch" has a convolution at full size before the picture, which an
        author recommends (StackGAN issue 10); "tensorflow" has a bottleneck block on each of the
        two smallest maps instead. 64 px is published. `activation` and `sampling`: of the
        conditioning augmentation.
        """
        super().__init__()
        (resolution,) = resolutions
        ups = doublings(resolution)
        self.resolutions = [resolution]
        self.noise_dim, self.condition_dim, self.text_dim = noise_dim, condition_dim, text_dim
        self.seed_width = width << (ups - 1)
        self.augmentation = ConditioningAugmentation(text_dim, condition_dim, activation, sampling)
        seed, port = self.seed_width * SEED_SIZE * SEED_SIZE, arch == "pytorch"
        self.seed = nn.Sequential(
            nn.Linear(condition_dim + noise_dim, seed, bias=not port),
            normalisation(norm, seed, dims=1),
            nn.ReLU() if port else nn.Identity(),
        )
        layers: list[nn.Module] = []
        channels = self.seed_width
        for index in range(ups):
            if not port and index < 2:
                layers += [Bottleneck(channels, channels // 4, norm, nn.ReLU()), nn.ReLU()]
            last = index == ups - 1
            if last and not port:
                layers.append(UpConv(channels, 3, fast_upsample))
                break
            up = _up(channels, channels // 2, norm, fast_upsample)
            layers += up if port or index > 0 else up[:2]  # the block that follows activates
            channels //= 2
        if port:
            layers.append(nn.Conv2d(channels, 3, 3, padding=1, bias=False))
        self.layers = nn.Sequential(*layers)

    def forward(self, noise: Tensor, epsilon: Tensor, sentence: Tensor) -> GeneratorOutput:
        """noise (B, noise_dim) and epsilon (B, condition_dim), both ~ N(0, I); sentence
        (B, text_dim)."""
        condition, mu, logvar = self.augmentation(sentence, epsilon)
        seed = self.seed(torch.cat((condition, noise), dim=1))
        image = self.layers(seed.view(-1, self.seed_width, SEED_SIZE, SEED_SIZE))
        return GeneratorOutput([torch.tanh(image.float())], mu, logvar)


class StackGANStage2(Generator):
    """A small picture and the sentence again, to one of two or four times the side (section 3.4).

    `first` is a trained first stage. It is frozen and stays in evaluation mode.
    """

    def __init__(
        self,
        first: StackGANStage1,
        resolutions: Sequence[int] | None = None,
        width: int = 128,
        condition_dim: int = 128,
        residual_blocks: int = 4,
        norm: Norm = "batch",
        activation: ConditionActivation = "relu",
        sampling: bool = True,
        fast_upsample: bool = True,
    ) -> None:
        """`resolutions`: both sides, the second two or four times the first, which is that of
        `first`; four unless given (64 to 256 px; the paper has 128 px as well, with two blocks).
        `width`: channels of the first map (GF_DIM); the joint maps have four times as many, halved
        with each doubling. The conditioning augmentation is its own, not that of `first`.
        """
        super().__init__()
        self.first = first.requires_grad_(False).eval()
        (small,) = first.resolutions
        allowed = [[small, 4 * small], [small, 2 * small]]
        self.resolutions = allowed[0] if resolutions is None else list(resolutions)
        assert self.resolutions in allowed, (
            f"resolutions must be {allowed[0]} or {allowed[1]}, got {self.resolutions}"
        )
        times = 4 if self.resolutions == allowed[0] else 3  # from a quarter of the first side
        self.noise_dim, self.text_dim = first.noise_dim, first.text_dim
        self.own_condition_dim = condition_dim
        self.condition_dim = first.condition_dim + condition_dim  # noise of both augmentations
        self.augmentation = ConditioningAugmentation(
            first.text_dim, condition_dim, activation, sampling
        )
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.ReLU()]
        for channels in (width, 2 * width):
            layers.append(nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False))
            layers += [normalisation(norm, 2 * channels), nn.ReLU()]
        self.encode = nn.Sequential(*layers)
        self.joint = nn.Sequential(
            nn.Conv2d(4 * width + condition_dim, 4 * width, 3, padding=1, bias=False),
            normalisation(norm, 4 * width),
            nn.ReLU(),
        )
        joint = 4 * width
        blocks = (ResidualBlock(joint, joint, 1, norm) for _ in range(residual_blocks))
        self.residual = nn.Sequential(*blocks)
        ups: list[nn.Module] = []
        for step in range(times):
            ups += _up(4 * width >> step, 2 * width >> step, norm, fast_upsample)
        last = 4 * width >> times
        self.ups = nn.Sequential(*ups, nn.Conv2d(last, 3, 3, padding=1, bias=False))

    def train(self, mode: bool = True) -> StackGANStage2:
        super().train(mode)
        self.first.eval()
        return self

    def forward(self, noise: Tensor, epsilon: Tensor, sentence: Tensor) -> GeneratorOutput:
        """noise (B, noise_dim) and epsilon (B, condition_dim), both ~ N(0, I), the first columns
        of epsilon for the first stage; sentence (B, text_dim). Images of both stages."""
        theirs, own = epsilon.split([self.first.condition_dim, self.own_condition_dim], dim=1)
        with torch.no_grad():
            small = self.first(noise, theirs, sentence).images[0]
        condition, mu, logvar = self.augmentation(sentence, own)
        h = self.encode(small)
        tiled = condition.to(h.dtype)[:, :, None, None].expand(-1, -1, *h.shape[2:])
        h = self.residual(self.joint(torch.cat((h, tiled), dim=1)))
        return GeneratorOutput([small, torch.tanh(self.ups(h).float())], mu, logvar)
