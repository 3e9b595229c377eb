"""How much a configuration that somebody else wrote may make this machine build."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.nn.modules import module as registration

from experiments.terminal.error import UserError

MODULES = 20_000  # the largest model here, with its discriminators, has some hundred
NUMBERS = 1_000_000_000  # weights; the largest here has 300 million


@contextmanager
def within_limits(folder: Path) -> Iterator[None]:
    """Networks that are made in here are stopped at `MODULES` and `NUMBERS`, by a `UserError`.

    A weight is counted when its memory is reserved and nothing is written to it so far.
    """
    modules = numbers = 0

    def count_module(*_: Any) -> None:
        nonlocal modules
        modules += 1
        if modules > MODULES:
            raise _refused(folder, f"more than {MODULES:,} modules")

    def count_numbers(_: Any, name: str, value: Tensor | None) -> None:
        nonlocal numbers
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


def _refused(folder: Path, what: str) -> UserError:
    return UserError(f"run={folder}: its config.yaml asks for {what}; refused")
