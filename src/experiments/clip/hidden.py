"""Which part of a clip is hidden, to be completed: a stretch of its frames, or a box in all of
them. This project's choice; a picture is a clip of one frame, of which a box is hidden."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor

What = Literal["frames", "box", "both"]
NUMBERS = 3  # random ones that a clip's mask is made of


class Hiding:
    """A part of every clip, at a place of its own in each."""

    def __init__(self, what: What = "frames", share: float = 0.5) -> None:
        """`what`: a stretch of frames; a square, the same in all frames; or either with equal
        chances. `share`: of the frames, or of the area; one frame, or one px, at least is hidden,
        and one is known."""
        assert what in get_args(What), what
        assert 0 < share < 1, f"share={share}: must lie between 0 and 1"
        self.what, self.share = what, share

    def require_fit(self, frames: int) -> None:
        """Raise `AssertionError` where clips have no frames to spare."""
        assert frames > 1 or self.what == "box", f"what={self.what}: one frame has a box alone"

    def masks(self, uniform: Tensor, frames: int, side: int) -> Tensor:
        """True where clips are hidden, bool (B, 1, frames, side, side), of `uniform` numbers
        (B, `NUMBERS`) in [0, 1)."""
        self.require_fit(frames)
        where, down, right = uniform.unbind(1)
        box = self._stretch(down, side, math.sqrt(self.share))[:, :, None]
        box = box & self._stretch(right, side, math.sqrt(self.share))[:, None, :]
        shape = (len(uniform), frames, side, side)
        boxes = box[:, None].expand(shape)
        if self.what == "box":
            return boxes[:, None]
        # What is left of the number that says which kind it is says where.
        kind = where < 0.5
        place = (where * 2) % 1 if self.what == "both" else where
        stretches = self._stretch(place, frames, self.share)[:, :, None, None].expand(shape)
        if self.what == "frames":
            return stretches[:, None]
        return torch.where(kind[:, None, None, None], stretches, boxes)[:, None]

    def _stretch(self, place: Tensor, length: int, share: float) -> Tensor:
        """A share of `length` places that begins anywhere, bool (B, length)."""
        count = min(max(1, round(share * length)), length - 1)
        first = (place * (length - count + 1)).floor().clamp_max(length - count)
        numbers = torch.arange(length, device=place.device)
        return (numbers >= first[:, None]) & (numbers < first[:, None] + count)
