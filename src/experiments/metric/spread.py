"""How far apart samples of one caption are: what a run watches, without all that scores load."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize


def diversity(features: Tensor, metric: Literal["cosine", "rms"] = "cosine") -> float:
    """Mean distance of two samples of one caption, over all pairs and captions, in float64.

    features: (captions, samples, d), samples >= 2. "cosine" is 1 - cos of two feature vectors, in
    [0, 2]; "rms" the root mean square difference over d, for flattened pixels.
    """
    assert features.ndim == 3 and features.shape[1] >= 2, f"{tuple(features.shape)}: no pairs"
    samples, d = features.shape[1:]
    pairs = samples * (samples - 1)
    if metric == "cosine":
        unit = normalize(features.double(), dim=2)
        nothing = (unit == 0).all(2, keepdim=True)
        if nothing.any():  # features without a direction are alike, and unlike all others
            unit = torch.cat((unit, nothing.double()), dim=2)
        # The sum of cosines over i != j is |sum u_i|^2 - sum |u_i|^2.
        cosines = unit.sum(1).square().sum(1) - unit.square().sum((1, 2))
        return (1 - cosines / pairs).mean().clamp_min(0).item()
    assert metric == "rms", f"cosine or rms: {metric}"
    total = 0.0
    for caption in features:
        # The matrix-product form rounds equal samples to a distance above zero.
        rows = caption.double()
        distances = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist")
        total += distances.sum().item() / pairs / d**0.5
    return total / len(features)
