"""What a front-end is: sound in, frames of features out, batched.

Each row of a batch is as if it were alone, whatever it is padded with. A front-end has neither
weights nor buffers, so a network that holds one is whole on the meta device; it runs where its
waves are, and gradients pass. `__call__` makes what is stored (as float16); `normalise` what a
network takes, in training, on the device.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import torch
from torch import Tensor


class FrontEnd(Protocol):
    """From waves to frames."""

    rate: int  # of the waves, in Hz
    shape: tuple[int, ...]  # of a frame

    def frames(self, samples: int) -> int:
        """Of a wave of so many samples."""

    def __call__(self, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """waves: (B, N) mono in [-1, 1]; lengths: (B,) samples of each, at most N.

        Returns features (B, T, *shape), 0 on the padding, and (B,) frames of each; T is the
        longest.
        """

    def normalise(self, features: Tensor, lengths: Tensor) -> Tensor:
        """What `__call__` gave, or the same in half precision, as a network takes it, in float32;
        0 on the padding."""


def exact(values: Tensor) -> Tensor:
    """In single precision at least: a tensor in double precision stays so."""
    return values if values.dtype == torch.float64 else values.float()


def within(lengths: Tensor, longest: int) -> Tensor:
    """(B, longest): whether a place is before the end of its row."""
    return torch.arange(longest, device=lengths.device) < lengths[:, None]


def masked(values: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, ...): 0 from the end of each row on, whatever stood there, NaN as well."""
    inside = within(lengths.to(values.device), values.shape[1])
    inside = inside.view(*inside.shape, *(1,) * (values.dim() - 2))
    return torch.where(inside, values, values.new_zeros(()))


def emphasised(waves: Tensor, factor: float) -> Tensor:
    """(B, N): y[n] = x[n] - factor x[n - 1]; the first sample stays."""
    return torch.cat([waves[:, :1], waves[:, 1:] - factor * waves[:, :-1]], dim=1)


def unrounded(values: Tensor) -> AbstractContextManager[object]:
    """Where products are not taken in half precision, whatever the step around it does."""
    kind = values.device.type
    return nullcontext() if kind == "meta" else torch.autocast(kind, enabled=False)
