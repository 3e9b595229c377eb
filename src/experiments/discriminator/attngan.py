"""AttnGAN's discriminators, one for each resolution (Xu et al. 2018; the trunks are StackGAN-v2's).

A trunk of stride-2 convolutions reaches a 4x4 map of 8 x width channels; one head judges the image
alone, one judges it together with the sentence embedding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeVar, cast

from torch import Tensor, nn

from experiments.discriminator.base import MAP_SIZE, SLOPE, Discriminator, Logits, with_sentence
from experiments.discriminator.together import together
from experiments.discriminator.told import told_together
from experiments.layer.grown import came_from, require_first
from experiments.layer.normalisation import JudgeNorm, convolution

T = TypeVar("T")
Cap = int | Literal["double"]
HEAD_FACTOR = 8
PUBLISHED = 256  # px: up to here the widths are published, and no cap holds


def trunk_factors(resolution: int, cap: Cap = 16) -> tuple[list[int], list[int]]:
    """Channels of the trunk in units of `width`: (stride-2 convolutions, 3x3 convolutions).

    The stride-2 ones double from 1, above 256 px up to `cap` ("double": without limit), the 3x3
    ones halve back to 8. Below 64 px only the last of (1, 2, 4, 8) are kept, so that a head always
    sees 8.
    """
    downs = (resolution // MAP_SIZE).bit_length() - 1
    assert downs >= 1 and resolution == MAP_SIZE << downs, (
        f"a resolution must be 8, 16, 32, ..., got {resolution}"
    )
    assert cap == "double" or (isinstance(cap, int) and cap >= HEAD_FACTOR), (
        f"cap must be 'double' or at least {HEAD_FACTOR}, got {cap!r}"
    )
    powers = range(max(0, 4 - downs), max(4, downs))
    unlimited = cap == "double" or resolution <= PUBLISHED
    down = [2**power if unlimited else min(2**power, int(cap)) for power in powers]
    reduce, factor = [], down[-1]
    while factor > HEAD_FACTOR:
        factor = max(factor // 2, HEAD_FACTOR)
        reduce.append(factor)
    return down, reduce


def _layer(
    inputs: int, outputs: int, kernel: int, norm: JudgeNorm, normalised: bool = True
) -> list[nn.Module]:
    stride = 2 if kernel == 4 else 1
    layers = convolution(inputs, outputs, kernel, stride, norm, normalised)
    return [*layers, nn.LeakyReLU(SLOPE)]


class StageDiscriminator(nn.Module):
    """The discriminator of one resolution."""

    def __init__(
        self,
        resolution: int,
        width: int = 64,
        text_dim: int = 256,
        cap: Cap = 16,
        unconditional: bool = True,
        norm: JudgeNorm = "batch",
    ) -> None:
        """`resolution`: side in pixels, 4 x 2^n. `cap`: widest layer above 256 px in units of
        `width`, or "double" for the StackGAN-v2 form, whose 512 px trunk has 281 M parameters at
        width 64 (16: 53 M; 256 px: 72 M). `norm`: spectral is that of AttnGAN++, on every layer but
        the heads.
        """
        super().__init__()
        self.resolution = resolution
        down, reduce = trunk_factors(resolution, cap)
        layers: list[nn.Module] = []
        inputs = 3
        for index, factor in enumerate(down):
            layers += _layer(inputs, factor * width, 4, norm, normalised=index > 0)
            inputs = factor * width
        for factor in reduce:
            layers += _layer(inputs, factor * width, 3, norm)
            inputs = factor * width
        self.layers = nn.Sequential(*layers)
        self.joint = nn.Sequential(*_layer(inputs + text_dim, inputs, 3, norm))
        self.conditional_head = nn.Conv2d(inputs, 1, MAP_SIZE, MAP_SIZE)
        self.unconditional_head = (
            nn.Conv2d(inputs, 1, MAP_SIZE, MAP_SIZE) if unconditional else None
        )

    def trunk(self, images: Tensor) -> Tensor:
        """images (B, 3, R, R) in [-1, 1] -> features (B, 8 width, 4, 4)."""
        return self.layers(images)

    def conditional(self, features: Tensor, sentence: Tensor) -> Tensor:
        """Logits (B,) that the image is real and belongs to sentence (B, text_dim)."""
        return self.conditional_head(self.joint(with_sentence(features, sentence))).flatten()

    def alone(self, features: Tensor) -> Tensor | None:
        """Unconditional logits (B,), None without that head."""
        head = self.unconditional_head
        return None if head is None else head(features).flatten()

    def forward(self, images: Tensor, sentence: Tensor) -> Logits:
        """images (B, 3, R, R), sentence (B, text_dim) -> conditional and unconditional logits."""
        features = self.trunk(images)
        return self.conditional(features, sentence), self.alone(features)


class AttnGANDiscriminator(Discriminator):
    """One discriminator for each resolution."""

    stages: nn.ModuleList

    def __init__(
        self,
        resolutions: Sequence[int],
        width: int = 64,
        text_dim: int = 256,
        cap: Cap = 16,
        unconditional: bool = True,
        norm: JudgeNorm = "batch",
        first: AttnGANDiscriminator | None = None,
    ) -> None:
        """As `StageDiscriminator`, one for each of `resolutions`, smallest first. `first`: trained
        ones of the first of them, which are taken as they are.
        """
        super().__init__()
        self.resolutions = list(resolutions)
        self.made_of = {"resolutions": self.resolutions, "width": width, "text_dim": text_dim}
        self.made_of |= {"cap": cap, "unconditional": unconditional, "norm": norm}
        taken: list[nn.Module] = []
        if first is not None:
            require_first(first.made_of, self.made_of)
            taken = list(first.stages)
            self.lower = came_from(first, taken)
        fresh = (
            StageDiscriminator(resolution, width, text_dim, cap, unconditional, norm)
            for resolution in resolutions[len(taken) :]
        )
        self.stages = nn.ModuleList([*taken, *fresh])

    def _stages(self) -> Iterator[StageDiscriminator]:
        return cast("Iterator[StageDiscriminator]", iter(self.stages))

    def trunks(self, batches: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
        features = [
            together(stage.layers, images)
            for stage, images in zip(self._stages(), by_place(batches), strict=True)
        ]
        return by_place(features)

    def heads(
        self, features: Sequence[Sequence[Tensor]], conditions: Sequence[Tensor]
    ) -> list[list[Logits]]:
        logits: list[list[Logits]] = []
        for stage, batches in zip(self._stages(), by_place(features), strict=True):
            joint = told_together(stage.joint, batches, conditions)
            conditional = [stage.conditional_head(maps).flatten() for maps in joint]
            logits.append(list(zip(conditional, map(stage.alone, batches), strict=True)))
        return by_place(logits)


def by_place(rows: Sequence[Sequence[T]]) -> list[list[T]]:
    """Batches of stages as stages of batches, and the other way round."""
    return [list(column) for column in zip(*rows, strict=True)]
