"""How much clips move, and whether what is in them stays what it is.

Neither is good by itself: a clip that stands still is the steadiest, and noise moves most. Both are
read beside the same of real clips.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

LEVELS = 127.5  # grey levels that a difference of 1 is


def motion_energy(clips: Tensor) -> Tensor:
    """(B,) float64: by how many of 255 grey levels a pixel changes from one frame to the next, the
    mean over pixels and frames, of clips (B, C, T, H, W) in [-1, 1]; 0 for a single frame."""
    if clips.shape[2] < 2:
        return clips.new_zeros(len(clips), dtype=torch.float64)
    steps = clips[:, :, 1:] - clips[:, :, :-1]
    return steps.abs().mean((1, 2, 3, 4), dtype=torch.float64) * LEVELS


def consistency(features: Tensor) -> Tensor:
    """(B,) float64: the average content distance of Tulyakov et al. 2018 (MoCoGAN), the mean
    Euclidean distance of two different frames of a clip in features (B, F, d) of their content."""
    frames = features.shape[1]
    assert features.ndim == 3 and frames >= 2, f"{tuple(features.shape)}: no pairs of frames"
    wide = features.double()
    # The matrix-product form rounds equal frames to a distance above zero.
    distances = torch.cdist(wide, wide, compute_mode="donot_use_mm_for_euclid_dist")
    return distances.sum((1, 2)) / (frames * (frames - 1))


def shuffled(clips: Tensor, seeds: Sequence[int]) -> Tensor:
    """Clips (B, C, T, ...) whose frames stand in another order, which each clip's seed draws; never
    in the one that they had, nor in its reverse, where there is another."""
    orders = [_order(clips.shape[2], seed) for seed in seeds]
    rows = torch.arange(len(clips), device=clips.device)[:, None]
    found = clips.transpose(1, 2)[rows, torch.stack(orders).to(clips.device)]
    return found.transpose(1, 2)


def _order(frames: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    ordered = torch.arange(frames)
    found = torch.randperm(frames, generator=generator)
    while frames > 2 and (torch.equal(found, ordered) or torch.equal(found, ordered.flip(0))):
        found = torch.randperm(frames, generator=generator)
    return found


def stills(clips: Tensor, count: int) -> Tensor:
    """Up to `count` frames of clips (B, C, T, H, W), at equal distances, each as a clip that stands
    still: (B, F, C, T, H, W)."""
    frames = clips.shape[2]
    chosen = torch.linspace(0, frames - 1, min(count, frames)).round().long()
    picked = clips[:, :, chosen].transpose(1, 2)
    return picked[:, :, :, None].expand(-1, -1, -1, frames, -1, -1)
