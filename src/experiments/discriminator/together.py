"""Several batches through the same layers, each with batch statistics of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn


def together(layers: Iterable[nn.Module], batches: Sequence[Tensor]) -> list[Tensor]:
    """Batches (B, C, H, W), each as `layers` would map it alone, one after the other.

    Only convolutions see them at once, and only where a kernel has more weights than a batch has
    values: reading the weights and adding up their gradients is most of the work there. Norms see
    one batch at a time, in order, and so do layers whose weight changes with each pass (spectral).
    """
    maps, several = list(batches), len(batches) > 1
    for layer in layers:
        if several and type(layer) is nn.Conv2d and layer.weight.numel() > maps[0].numel():
            maps = list(layer(torch.cat(maps)).split([len(part) for part in maps]))
        else:
            maps = [layer(part) for part in maps]
    return maps
