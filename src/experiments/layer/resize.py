"""Pictures at the side that a fixed network wants."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def at_side(images: Tensor, side: int | None) -> Tensor:
    """images (B, C, H, W) as (B, C, side, side) in float32; as they are where `side` is None or
    theirs."""
    if side is None or images.shape[-2:] == (side, side):
        return images
    size = (side, side)
    return F.interpolate(images.float(), size, mode="bilinear", align_corners=False, antialias=True)
