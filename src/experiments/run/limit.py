"""How much a configuration that somebody else wrote may make this machine build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.nn.modules import module as registration

from experiments.terminal.error import UserError

MODULES = 20_000  # the largest model here, with its discriminators, has some hundred
TENSORS = 10_000  # layers of a recurrent network are no modules; some hundred here as well
NUMBERS = 1_000_000_000  # weights; the largest here has 300 million
WHOLE = 10_000_000  # any other number of something; the largest here is 65,536
SIDE = 4096  # px of pictures and maps
MOST = {
    **dict.fromkeys(("resolutions", "resolution", "image_size", "input_size", "crop"), SIDE),
    **dict.fromkeys(("side", "size", "canvas", "shape", "frames"), SIDE),
    "seconds": 3600, "max_words": 10_000, "longest": 100_000, "margin": 16,
}
OF_DATA = ("max_words", "margin", "speech")  # what is read of `data` to draw
FREE = ("seed", "images")  # in names of numbers that cost nothing


@contextmanager
def within_limits(folder: Path) -> Iterator[None]:
    """Networks that are made in here are stopped at `MODULES` and `NUMBERS`, by a `UserError`.

    A weight is counted when its memory is reserved and nothing is written to it so far.
    """
    modules = tensors = numbers = 0

    def count_module(*_: Any) -> None:
        nonlocal modules
        modules += 1
        if modules > MODULES:
            raise _refused(folder, f"more than {MODULES:,} modules")

    def count_numbers(_: Any, name: str, value: Tensor | None) -> None:
        nonlocal tensors, numbers
        tensors += 1
        if tensors > TENSORS:
            raise _refused(folder, f"more than {TENSORS:,} tensors")
        numbers += 0 if value is None else value.numel()
        if numbers > NUMBERS:
            raise _refused(folder, f"more than {NUMBERS:,} weights")

    hooks = [
        registration.register_module_module_registration_hook(count_module),
        registration.register_module_parameter_registration_hook(count_numbers),
        registration.register_module_buffer_registration_hook(count_numbers),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def require_sizes(folder: Path, config: Mapping[str, Any]) -> None:
    """Raise `UserError` for the first size of a configuration that no model has, as a side, a
    number of frames, or words of a caption: of these, unlike of weights, nothing is made while the
    networks are, and all the memory that there is when something is drawn."""
    data = config.get("data") or {}
    read = {key: data[key] for key in OF_DATA if key in data}
    for path, value in _numbers({"system": config.get("system"), "data": read}):
        key = path.rpartition(".")[2]
        most = MOST.get(key)
        if most is None and isinstance(value, int) and not any(free in key for free in FREE):
            most = WHOLE
        if most is not None and not abs(value) <= most:
            raise _refused(folder, f"{path}={str(value)[:20]}, and at most {most:,} is read")


def _numbers(node: Any, path: str = "") -> Iterator[tuple[str, int | float]]:
    """All of a tree with their keys; those of a list have its key."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _numbers(value, f"{path}.{key}" if path else str(key))
    elif isinstance(node, list):
        for value in node:
            yield from _numbers(value, path)
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield path, node


def _refused(folder: Path, what: str) -> UserError:
    return UserError(f"run={folder}: its config.yaml asks for {what}; refused")
