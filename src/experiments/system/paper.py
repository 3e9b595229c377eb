"""Tensors that have shapes and no numbers: what asks them for numbers, and what must not cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import unset_fake_temporarily
from torch.overrides import TorchFunctionMode


class WithoutNumbers(TorchFunctionMode):
    """Does for fake tensors what asks them for numbers: captions, whose lengths recurrent layers
    make shapes of, are all `longest`, and a copy of a tensor is one more of its shape.
    """

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.longest = longest

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name == "__deepcopy__":
            tensor, memo = args
            copied = tensor.detach().clone()
            if isinstance(tensor, nn.Parameter):
                copied = nn.Parameter(copied, tensor.requires_grad)
            memo[id(tensor)] = copied
            return copied
        if name == "_pack_padded_sequence":
            padded, _, batch_first = args
            steps = padded.transpose(0, 1) if batch_first else padded
            with unset_fake_temporarily():  # the layer reads these numbers
                sizes = torch.full((steps.shape[0],), steps.shape[1])
            return steps.flatten(0, 1), sizes
        if name == "_pad_packed_sequence":
            packed, sizes, batch_first, *_ = args
            steps = packed.unflatten(0, (len(sizes), -1))
            padded = steps.transpose(0, 1).contiguous() if batch_first else steps
            return padded, torch.full((steps.shape[1],), len(sizes))
        if name == "__getitem__" and type(args[0]) is Tensor:  # real: the sizes from above
            with unset_fake_temporarily():
                return func(*args).item()
        if name == "__int__":
            return self.longest
        return func(*args, **(kwargs or {}))


def without_numbers(tensor: Tensor) -> Tensor:
    """One of the same shape, and the same order in memory."""
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype)
