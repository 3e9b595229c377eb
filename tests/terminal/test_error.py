"""What other libraries say, in one line."""

from __future__ import annotations

import errno
import os

import pytest
from safetensors import SafetensorError

from experiments.terminal.error import REASON, one_line, reason_of

FULL = os.strerror(errno.ENOSPC)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("a\n  b"), "a b"),
        (KeyError(), "KeyError"),
        (OSError(errno.ENOSPC, FULL, "/some/file"), FULL),
        (SafetensorError(f"I/O error: {FULL} (os error {errno.ENOSPC})"), FULL),
        (RuntimeError("no map\nException raised from f at g.cpp:1\nframe #0"), "no map"),
        (RecursionError("maximum recursion depth exceeded"), "nested too deep"),
        (ValueError("x" * 1000), "x" * REASON),
    ],
)
def test_an_error_in_one_line(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
    named = one_line(error)
    assert named == (
        reason if reason == type(error).__name__ else f"{type(error).__name__}: {reason}"
    )
