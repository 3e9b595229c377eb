"""Randomness as a function of (seed, images seen), the same for any number of processes."""

from __future__ import annotations

import hashlib

import torch
import torch.distributed
from torch import Tensor


def mix(*numbers: int | str) -> int:
    """One 63-bit seed from several numbers; no two lists share it in practice."""
    digest = hashlib.sha256(repr(numbers).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class Step:
    """What a system may ask of a training step: noise for its rows, and the rows of other ranks.

    Noise is drawn for the batch of all processes and then cut, so that two processes see together
    what one would have seen, and so do the parts of an accumulated batch.
    """

    def __init__(
        self,
        seed: int,
        images: int,
        batch: int,
        rows: slice,
        device: torch.device,
        processes: int = 1,
    ) -> None:
        """`rows` are those of this process in a batch of `batch` images over all `processes`;
        `images` were seen before."""
        self.batch, self.rows, self.device, self.processes = batch, rows, device, processes
        self.images = images
        self._seed = (seed, images, "noise")
        self._generator = torch.Generator()
        self.begin()

    def begin(self, *stream: int | str) -> None:
        """Draw from the start of a stream of its own from here on: the same numbers each time."""
        self._generator.manual_seed(mix(*self._seed, *stream))

    @property
    def rank(self) -> int:
        """The place of this process among all."""
        return self.rows.start // (self.batch // self.processes)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal noise of shape (rows of this process, *shape)."""
        drawn = torch.randn(self.batch, *shape, generator=self._generator)[self.rows]
        return drawn.to(self.device, non_blocking=True)

    def uniform(self, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1) of shape (rows of this process, *shape)."""
        drawn = torch.rand(self.batch, *shape, generator=self._generator)[self.rows]
        return drawn.to(self.device, non_blocking=True)

    def numbers(self) -> Tensor:
        """A whole number of 64 bits for each row of this process, int64 (rows,): what a network
        makes more noise of than could travel to a device (`layer/dropout.py`)."""
        low, high = -(1 << 63), (1 << 63) - 1
        drawn = torch.randint(low, high, (self.batch,), generator=self._generator)[self.rows]
        return drawn.to(self.device, non_blocking=True)

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all processes, in order; gradients flow to those of this one."""
        return rows if self.processes == 1 else _Gather.apply(rows)


class _Gather(torch.autograd.Function):
    """All ranks compute the same loss from all rows. Gradients are averaged over ranks later, so
    the part of this rank is multiplied by their number to make that average the whole gradient."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows) for _ in range(torch.distributed.get_world_size())]
        torch.distributed.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:  # type: ignore[override]
        processes, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
        return gradient.chunk(processes)[rank] * processes


def noise_of(seeds: list[int], *shape: int) -> Tensor:
    """Noise (len(seeds), *shape) for sampling: each row depends on its own seed alone."""
    return torch.stack(
        [torch.randn(*shape, generator=torch.Generator().manual_seed(mix(s))) for s in seeds]
    )


def numbers_of(seeds: list[int]) -> Tensor:
    """A whole number int64 (len(seeds),) for sampling, each of its own seed alone."""
    return torch.tensor([mix(seed) for seed in seeds], dtype=torch.int64)
