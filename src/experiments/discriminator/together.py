"""Several batches through the same layers, each with batch statistics of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

LARGE = 3_000_000  # weights: convolutions with fewer are faster on a CPU than products of matrices


def together(layers: Iterable[nn.Module], batches: Sequence[Tensor]) -> list[Tensor]:
    """Batches (B, C, H, W), or (B, C, T, H, W), each as `layers` would map it alone, one after the
    other.

    Only convolutions see them at once, and only where a kernel has more weights than a batch has
    values: reading the weights and adding up their gradients is most of the work there. Norms see
    one batch at a time, in order, and so do layers whose weight changes with each pass (spectral).
    """
    maps = list(batches)
    for layer in layers:
        if bound_to_no_pass(layer) and layer.weight.numel() > maps[0].numel():
            joined = torch.cat(maps)
            large = joined.device.type == "cpu" and layer.weight.numel() >= LARGE
            product = large and isinstance(layer, nn.Conv2d)
            found = as_product(layer, joined) if product else layer(joined)  # type: ignore[arg-type]
            maps = list(found.split([len(part) for part in maps]))
        else:
            maps = [layer(part) for part in maps]
    return maps


def bound_to_no_pass(layer: nn.Module) -> TypeGuard[nn.Conv2d | nn.Conv3d]:
    """Whether it is a convolution whose weight stays as it is when it is used."""
    plain = isinstance(layer, nn.Conv2d | nn.Conv3d)
    return plain and not parametrize.is_parametrized(layer)


def as_product(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """The convolution of x (B, C, H, W) as one product of matrices, weights times patches: on a CPU
    up to twice as fast where the kernel is `LARGE` and the maps are small."""
    kernel, stride, padding = layer.kernel_size, layer.stride, layer.padding
    assert layer.groups == layer.dilation[0] == 1 and layer.padding_mode == "zeros", "a plain one"
    assert not isinstance(padding, str), "in pixels"
    patches = F.unfold(x, kernel, padding=padding, stride=stride)
    product = layer.weight.flatten(1) @ patches.transpose(0, 1).flatten(1)
    if layer.bias is not None:
        product = product + layer.bias[:, None]
    height, width = (
        (x.shape[2 + axis] + 2 * padding[axis] - kernel[axis]) // stride[axis] + 1
        for axis in (0, 1)
    )
    return product.view(-1, len(x), height, width).transpose(0, 1).contiguous()
