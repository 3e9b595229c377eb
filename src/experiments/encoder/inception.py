"""Inception-v3 (Szegedy et al. 2016, rethinking the Inception architecture) up to its last maps.

Two families of its weights are in use, which want pools of different kinds: those of torchvision,
and the TensorFlow graph of 2015-12-05, by which the Fréchet Inception Distance is defined
(`metric/inception.py`). Parameters bear the names of the state dicts that are distributed.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from experiments.terminal.error import UserError

INPUT_SIZE = 299
REGIONS, FEATURES = 768, 2048  # channels of the maps after Mixed_6e and Mixed_7c
BN_EPSILON = 1e-3
COUNTER = "num_batches_tracked"  # of no use in evaluation mode; some copies of a file have it

Kernel = int | tuple[int, int]
# (name, channels, kernel, stride); stride 1 keeps the size, stride 2 takes no padding.
Step = tuple[str, int, Kernel, int]
WIDE, TALL = (1, 7), (7, 1)
# "average" counts no padding, as TensorFlow; "padded" is torchvision's average, which does.
Pool = Literal["average", "padded", "max", "reduce"]


class Conv(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: Kernel, stride: int = 1, padded: bool = True
    ) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, width // 2) if padded else (0, 0)
        self.conv = nn.Conv2d(inputs, outputs, (height, width), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=BN_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Mixed(nn.Module):
    """Parallel chains of convolutions, concatenated, and a pooled branch last.

    A chain is a list of steps; steps whose names end in a letter are applied side by side to what
    comes before them. `pool` is an average or "max" (followed by a 1x1 convolution `branch_pool` of
    `pool_channels`), or "reduce", a bare maximum of stride 2.
    """

    def __init__(
        self, inputs: int, chains: list[list[Step]], pool: Pool, pool_channels: int = 0
    ) -> None:
        super().__init__()
        self.chains = [[name for name, *_ in chain] for chain in chains]
        self.pool = pool
        for chain in chains:
            channels = inputs
            for name, outputs, kernel, stride in chain:
                self.add_module(name, Conv(channels, outputs, kernel, stride, padded=stride == 1))
                if name[-1] != "a":
                    channels = outputs
        if pool != "reduce":
            self.branch_pool = Conv(inputs, pool_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        branches = []
        for names in self.chains:
            y, side_by_side = x, []
            for name in names:
                step = self.get_submodule(name)
                if name[-1] in "ab":
                    side_by_side.append(step(y))
                else:
                    y = step(y)
            branches += side_by_side or [y]
        return torch.cat([*branches, self._pooled(x)], 1)

    def _pooled(self, x: Tensor) -> Tensor:
        if self.pool == "reduce":
            return F.max_pool2d(x, 3, 2)
        if self.pool == "max":
            return self.branch_pool(F.max_pool2d(x, 3, 1, 1))
        padded = self.pool == "padded"
        return self.branch_pool(F.avg_pool2d(x, 3, 1, 1, count_include_pad=padded))


def _block_5(inputs: int, pool_channels: int, pool: Pool) -> Mixed:
    chains: list[list[Step]] = [
        [("branch1x1", 64, 1, 1)],
        [("branch5x5_1", 48, 1, 1), ("branch5x5_2", 64, 5, 1)],
        [("branch3x3dbl_1", 64, 1, 1), ("branch3x3dbl_2", 96, 3, 1), ("branch3x3dbl_3", 96, 3, 1)],
    ]
    return Mixed(inputs, chains, pool, pool_channels)


def _block_6a() -> Mixed:
    chains: list[list[Step]] = [
        [("branch3x3", 384, 3, 2)],
        [("branch3x3dbl_1", 64, 1, 1), ("branch3x3dbl_2", 96, 3, 1), ("branch3x3dbl_3", 96, 3, 2)],
    ]
    return Mixed(288, chains, "reduce")


def _block_6(middle: int, pool: Pool) -> Mixed:
    chains: list[list[Step]] = [
        [("branch1x1", 192, 1, 1)],
        [
            ("branch7x7_1", middle, 1, 1),
            ("branch7x7_2", middle, WIDE, 1),
            ("branch7x7_3", 192, TALL, 1),
        ],
        [
            ("branch7x7dbl_1", middle, 1, 1),
            ("branch7x7dbl_2", middle, TALL, 1),
            ("branch7x7dbl_3", middle, WIDE, 1),
            ("branch7x7dbl_4", middle, TALL, 1),
            ("branch7x7dbl_5", 192, WIDE, 1),
        ],
    ]
    return Mixed(768, chains, pool, 192)


def _block_7a() -> Mixed:
    chains: list[list[Step]] = [
        [("branch3x3_1", 192, 1, 1), ("branch3x3_2", 320, 3, 2)],
        [
            ("branch7x7x3_1", 192, 1, 1),
            ("branch7x7x3_2", 192, WIDE, 1),
            ("branch7x7x3_3", 192, TALL, 1),
            ("branch7x7x3_4", 192, 3, 2),
        ],
    ]
    return Mixed(768, chains, "reduce")


def _block_7(inputs: int, pool: Pool) -> Mixed:
    chains: list[list[Step]] = [
        [("branch1x1", 320, 1, 1)],
        [
            ("branch3x3_1", 384, 1, 1),
            ("branch3x3_2a", 384, (1, 3), 1),
            ("branch3x3_2b", 384, (3, 1), 1),
        ],
        [
            ("branch3x3dbl_1", 448, 1, 1),
            ("branch3x3dbl_2", 384, 3, 1),
            ("branch3x3dbl_3a", 384, (1, 3), 1),
            ("branch3x3dbl_3b", 384, (3, 1), 1),
        ],
    ]
    return Mixed(inputs, chains, pool, 192)


class InceptionTrunk(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1], by rights of 299 px, to maps."""

    def __init__(self, pool: Pool, last_pool: Pool) -> None:
        """`pool`: of every block with a pooled branch but the last, whose is `last_pool`."""
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, 2, padded=False)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3, padded=False)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3, padded=False)
        self.Mixed_5b = _block_5(192, 32, pool)
        self.Mixed_5c = _block_5(256, 64, pool)
        self.Mixed_5d = _block_5(288, 64, pool)
        self.Mixed_6a = _block_6a()
        self.Mixed_6b = _block_6(128, pool)
        self.Mixed_6c = _block_6(160, pool)
        self.Mixed_6d = _block_6(160, pool)
        self.Mixed_6e = _block_6(192, pool)
        self.Mixed_7a = _block_7a()
        self.Mixed_7b = _block_7(1280, pool)
        self.Mixed_7c = _block_7(2048, last_pool)

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """After Mixed_6e, (B, 768, 17, 17) of 299 px, and after Mixed_7c, (B, 2048, 8, 8)."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = F.max_pool2d(x, 3, 2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))
        regions = self.Mixed_6e(self.Mixed_6d(x))
        return regions, self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(regions)))


def load_weights(network: nn.Module, path: Path, refusal: str, spare: tuple[str, ...] = ()) -> None:
    """Give a network the state dict at `path`, PyTorch's or safetensors, every name and shape
    checked; nothing in the file is run. `spare`: beginnings of names that it has no place for.

    Raises `UserError`, which begins with `refusal`.
    """
    state: Any
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (
        *(RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError, OSError),
        SafetensorError,
    ) as error:
        raise UserError(f"{refusal} (it cannot be read: {type(error).__name__})") from error
    if not isinstance(state, Mapping):
        raise UserError(f"{refusal} (it holds a {type(state).__name__})")
    given = {str(key): value for key, value in state.items() if not str(key).startswith(spare)}
    shapes = {key: getattr(value, "shape", None) for key, value in given.items()}
    wanted = {key: value.shape for key, value in network.state_dict().items()}
    wrong = sorted(
        key
        for key in wanted.keys() | shapes.keys()
        if not key.endswith(COUNTER) and wanted.get(key) != shapes.get(key)
    )
    if wrong:
        raise UserError(f"{refusal} ({len(wrong)} names or shapes differ, as {wrong[0]})")
    network.load_state_dict(given, strict=False)
