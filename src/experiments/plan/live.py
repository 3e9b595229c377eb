"""What a step does, seen operator by operator: products, and bytes that are alive."""

from __future__ import annotations

import weakref
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry


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
