"""VGAN's losses beside the adversarial one: a mask that shows little of the foreground, and frames
that are known (Vondrick 2016, sections 3.3 and 4.4; as released)."""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor

Distance = Literal["l1", "l2"]


class MaskLoss:
    """The L1 norm of the mask, as a mean over its values: it lies in [0, 1], so their own mean.
    What need not move is left to the background."""

    def __init__(self, weight: float = 0.1) -> None:
        assert weight >= 0, f"weight={weight}: must not be negative"
        self.weight = weight

    def __call__(self, mask: Tensor) -> Tensor:
        """Of a mask (B, 1, T, H, W), a scalar."""
        return mask.float().mean()


class KnownLoss:
    """How far what was made is from what was given, where that is known: the first frame, or all
    that is not hidden. The release has l1, the paper's text squares."""

    def __init__(
        self, weight: float = 10.0, form: Distance = "l1", hidden_weight: float = 0.0
    ) -> None:
        """`hidden_weight`: of the same distance to the real clip where it is hidden in completion,
        or comes after the first frame; 0: nobody tells the generator what was there, and only the
        discriminator judges it."""
        assert weight >= 0 and hidden_weight >= 0, "weights must not be negative"
        assert form in get_args(Distance), form
        self.weight, self.form, self.hidden_weight = weight, form, hidden_weight

    def __call__(self, made: Tensor, given: Tensor, where: Tensor | None = None) -> Tensor:
        """Both (B, C, ...); `where` (B, 1, ...), True where it counts, None: everywhere. The mean
        of the means of all rows, so that parts of a batch add up to the whole."""
        found = made.float() - given.float()
        found = found.abs() if self.form == "l1" else found.square()
        if where is None:
            return found.mean()
        counts = where.to(found.dtype).expand_as(found).flatten(1)
        return ((found.flatten(1) * counts).sum(1) / counts.sum(1).clamp_min(1)).mean()
