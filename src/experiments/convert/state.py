"""A released state dict: read without running anything in it, and fitted to a network from here.

Files of PyTorch 0.3 and Python 2 are read as well. Nothing is unpickled but tensors.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from experiments.convert.form import require_form
from experiments.file.digest import sha256
from experiments.run.exported import sizes
from experiments.terminal.error import UserError

PARALLEL = "module."  # what nn.DataParallel puts before every name
COUNTER = "num_batches_tracked"  # of batch norm; files from before PyTorch 0.4.1 have none
_ASKED = re.compile(r"GLOBAL ([\w.]+)")  # in what PyTorch says of a file that holds code


class ReleasedState:
    """The tensors of a released file, under the names of the modules that were published."""

    def __init__(self, path: Path, tensors: Mapping[str, Tensor]) -> None:
        self.path, self.tensors = path, dict(tensors)

    @classmethod
    def read(cls, path: Path, *within: str) -> ReleasedState:
        """`within`: names of the dictionaries that it lies in, where the file has such. Raises
        `UserError` for a file that is missing or torn, holds code, or no state dict."""
        content = _load(path)
        for name in within:
            if isinstance(content, Mapping) and name in content:
                content = content[name]
        if not isinstance(content, Mapping) or not content:
            raise UserError(f"{path}: holds a {type(content).__name__} and no tensors by name")
        parallel = all(str(name).startswith(PARALLEL) for name in content)
        tensors = {}
        for name, value in content.items():
            if not _holds_numbers(value):
                raise UserError(
                    f"{path}: {name} is no tensor of numbers; save the network's state_dict() alone"
                )
            if value.nbytes > value.untyped_storage().nbytes():
                raise UserError(
                    f"{path}: {name} is {sizes(tuple(value.shape))} and the file does not hold so "
                    "many numbers; refused"
                )
            tensors[str(name).removeprefix(PARALLEL) if parallel else str(name)] = value.detach()
        return cls(path, tensors)

    @property
    def sha256(self) -> str:
        return sha256(self.path)

    def shape(self, name: str, dims: int, hint: str = "") -> tuple[int, ...]:
        """Sizes of a tensor that must have `dims` axes. Raises `UserError`; `hint` says what it may
        mean that there is none of this name."""
        if name not in self.tensors:
            raise self.refusal(f"{name} is missing{hint}")
        shape = tuple(self.tensors[name].shape)
        if len(shape) != dims or 0 in shape:
            raise self.refusal(f"{name} is {sizes(shape)}, expected {dims} axes")
        return shape

    def numbered(self, pattern: str, first: int) -> int:
        """How many names there are in a row: `pattern` with the numbers from `first`."""
        found = next(k for k in count(first) if pattern.format(k) not in self.tensors)
        return found - first

    def refusal(self, why: str) -> UserError:
        return UserError(f"{self.path}: {why}")

    def fit(self, module: nn.Module, released: Callable[[str], str]) -> dict[str, Tensor]:
        """The state of `module`, whose entries have the name `released(name)` in the file.

        `module` may be on the meta device. Raises `UserError` with the first tensor that is
        missing, of another shape, of no use or not known, and with the count of further ones.
        """
        state, problems, used = {}, [], set()
        for name, ours in module.state_dict().items():
            theirs = released(name)
            # A 1x1 convolution over words is one over maps of one column there.
            expected = (*ours.shape, 1) if ours.dim() == 3 else tuple(ours.shape)
            found = self.tensors.get(theirs)
            used.add(theirs)
            if found is None:
                if not name.endswith(COUNTER):
                    problems.append(f"{theirs} is missing, expected {sizes(expected)}")
                state[name] = torch.zeros(ours.shape, dtype=ours.dtype)
            elif tuple(found.shape) != expected:
                there = sizes(tuple(found.shape))
                problems.append(f"{theirs} is {there}, expected {sizes(expected)}")
            elif found.is_floating_point() != ours.is_floating_point():
                problems.append(f"{theirs} is of {found.dtype}, expected {ours.dtype}")
            elif not found.isfinite().all():
                problems.append(f"{theirs} holds values that are not finite")
            else:
                # A copy: what is saved must not drag the storage along that it is a view of.
                state[name] = found.reshape(ours.shape).to(ours.dtype, copy=True).contiguous()
        problems += [f"{name} is not known" for name in self.tensors if name not in used]
        if problems:
            further = len(problems) - 1
            more = f" (and {further} more that {'does' if further == 1 else 'do'} not fit)"
            raise self.refusal(problems[0] + (more if further else ""))
        return state


def _holds_numbers(value: Any) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not (value.is_quantized or value.is_complex())
    )


def _load(path: Path) -> Any:
    require_form(path, "weights")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old formats; the file is not ours
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a torn file fails in many ways
        asked = _ASKED.search(str(error))
        if asked:
            raise UserError(
                f"{path}: refused, because it asks for {asked[1]}; a state dict holds tensors alone"
            ) from None
        raise UserError(
            f"{path}: not a complete file of PyTorch ({type(error).__name__}); fetch it again"
        ) from None
