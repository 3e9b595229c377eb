"""Which operators run: what a GPU is asked to start, and what makes it wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

READS = ("aten::_local_scalar_dense", "aten::equal", "aten::nonzero")  # each waits for the device
FACTORISATION = "aten::linalg_qr"  # what an orthogonal initialisation is made of


class _Counting(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if not func.is_view:
            self.names[func._schema.name] += 1
        return func(*args, **(kwargs or {}))


@contextmanager
def operators() -> Iterator[Counter[str]]:
    """How often each ATen operator runs in here; views, which do nothing, are left out."""
    with _Counting() as counting:
        yield counting.names


def scalar_reads(names: Mapping[str, int]) -> int:
    """Those that hand a value to Python, for which a GPU is waited for."""
    return sum(names.get(name, 0) for name in READS)
