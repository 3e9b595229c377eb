"""What a step does, seen operator by operator: products, and bytes that are alive."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

DEVICE = torch.ops.prim.device.default  # two thirds of all that a step dispatches


def _normalised(batch: Tensor, weight: Tensor | None, *rest: Any) -> tuple[Tensor, ...]:
    training = rest[3]
    of_channels = batch.shape[1] if training else 0
    return torch.empty_like(batch), *(batch.new_empty(of_channels) for _ in range(2))


def _normalised_back(
    grad: Tensor, batch: Tensor, weight: Tensor | None, *rest: Any
) -> tuple[Tensor | None, ...]:
    wanted = rest[-1]
    like = batch.new_empty(batch.shape[1]) if weight is None else weight
    made = torch.empty_like(batch), torch.empty_like(like), torch.empty_like(like)
    return tuple(tensor if want else None for tensor, want in zip(made, wanted, strict=True))


# What PyTorch would find the shapes of by a formula of many operators, each dispatched again.
SHORT: dict[Any, Callable[..., Any]] = {
    torch.ops.aten.native_batch_norm.default: _normalised,
    torch.ops.aten.native_batch_norm_backward.default: _normalised_back,
}


class Tally(TorchDispatchMode):
    """Counts the bytes of all storages that operators made while it is on and that are still held
    by anyone, saved for a backward pass or not; FLOPs by the formulas of PyTorch's
    `FlopCounterMode`, a multiply and an add being two; and operators that are no views. It sees
    real tensors and fake ones alike.

    What a kernel takes for itself and gives back (workspaces) is no tensor, and is not counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = self.flops = self.operators = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func is DEVICE and isinstance(args[0], FakeTensor):
            return args[0].fake_device
        if func in SHORT and isinstance(args[0], FakeTensor):
            made = SHORT[func](*args)
        else:
            made = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.flops += formula(*args, **(kwargs or {}), out_val=made)
        new = [self._count(item) for item in tree_leaves(made) if isinstance(item, Tensor)]
        self.operators += any(new) or func._schema.is_mutable
        return made

    def _count(self, tensor: Tensor) -> bool:
        """Whether it has a storage that was not known."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._known:
            return False
        size = storage.nbytes()
        self._known.add(key)
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._gone, key, size)
        return True

    def _gone(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size
