"""Features and a sentence through the same layers: what a sentence adds to a convolution is
computed for the sentence, not for each place that it stands at."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.discriminator.base import with_sentence
from experiments.discriminator.together import bound_to_no_pass, together


def told_together(
    layers: nn.Sequential, features: Sequence[Tensor], conditions: Sequence[Tensor]
) -> list[Tensor]:
    """Each pair of features (B, C, 4, 4) and condition (B, D) as `layers` would map
    `with_sentence` of them alone.

    The first layer is a 3x3 convolution of C + D channels that keeps the side. Features that stand
    in several pairs are convolved once.
    """
    first = layers[0]
    if not bound_to_no_pass(first):  # its weight changes with each pass
        pairs = zip(features, conditions, strict=True)
        return together(layers, [with_sentence(*pair) for pair in pairs])
    assert isinstance(first, nn.Conv2d) and first.kernel_size == (3, 3), "a 3x3 convolution"
    assert first.padding == (1, 1) and first.stride == (1, 1), "it keeps the side"
    channels = features[0].shape[1]
    own, of_sentence = first.weight.split([channels, first.in_channels - channels], dim=1)
    different = list({id(maps): maps for maps in features}.values())
    found = F.conv2d(torch.cat(different), own, first.bias, padding=1)
    parts = found.split([len(maps) for maps in different])
    convolved = {id(maps): part for maps, part in zip(different, parts, strict=True)}
    heard = everywhere(torch.cat([told.to(features[0].dtype) for told in conditions]), of_sentence)
    added = heard.split([len(told) for told in conditions])
    maps = [convolved[id(part)] + more for part, more in zip(features, added, strict=True)]
    return together(list(layers)[1:], maps)


def everywhere(vectors: Tensor, weight: Tensor, side: int = 4) -> Tensor:
    """A 3x3 convolution with weight (O, D, 3, 3), which keeps the side, of maps that hold vectors
    (B, D) at every place: (B, O, side, side).

    Each place sees the sum of those taps that do not fall on the padding.
    """
    outputs, inputs = weight.shape[:2]
    taps = F.linear(vectors, weight.permute(0, 2, 3, 1).reshape(-1, inputs))
    inside = taps.new_ones(side, 3)
    inside[0, 0] = inside[-1, -1] = 0.0
    return inside @ taps.view(len(vectors), outputs, 3, 3) @ inside.t()
