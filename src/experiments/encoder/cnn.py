"""A residual image trunk that trains from scratch, for use where no ImageNet weights exist."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from experiments.layer.normalisation import Norm, normalisation
from experiments.layer.residual import ResidualBlock
from experiments.layer.resize import at_side


class CNN(nn.Module):
    """Residual stages; regions from the last of `widths`, the pooled vector from one more stage."""

    def __init__(
        self,
        widths: Sequence[int] = (32, 64, 128, 256),
        strides: Sequence[int] = (2, 2, 2, 2),
        blocks: int = 1,
        global_width: int = 384,
        input_size: int | None = None,
        norm: Norm = "batch",
    ) -> None:
        """`widths` and `strides`: one per stage; the first stage is the stem and its blocks.

        Regions have stride prod(strides): 16 by default, 8x8 of them at 128 px. For 64 px take
        (2, 2, 2, 1) to keep 8x8. `blocks`: residual blocks in each stage. `input_size`: side in
        pixels that images are resized to; None keeps their own size.
        """
        super().__init__()
        assert len(widths) == len(strides) > 0, "give one stride for each width"
        self.input_size = input_size
        self.region_channels, self.pooled_channels = widths[-1], global_width
        layers: list[nn.Module] = [
            nn.Conv2d(3, widths[0], 3, strides[0], 1, bias=False),
            normalisation(norm, widths[0]),
            nn.ReLU(),
        ]
        inputs = widths[0]
        for stage, (width, stride) in enumerate(zip(widths, strides, strict=True)):
            for block in range(blocks):
                step = stride if stage > 0 and block == 0 else 1
                layers.append(ResidualBlock(inputs, width, step, norm))
                inputs = width
        self.trunk = nn.Sequential(*layers)
        self.top = ResidualBlock(inputs, global_width, 2, norm)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images: (batch, 3, H, W) in [-1, 1].

        Returns regions (batch, region_channels, N) and pooled (batch, pooled_channels).
        """
        regions = self.trunk(at_side(images, self.input_size))
        return regions.flatten(2), self.top(regions).mean((2, 3))
