"""What other libraries say, in one line."""

from __future__ import annotations

import errno
import os

import pytest
from safetensors import SafetensorError

from experiments.terminal.error import REASON, as_user_error, one_line, reason_of

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


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ESTALE, "Stale file handle", "/a"), "/a: Stale file handle; look after it"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files; close other"),
        (OSError(errno.ENODEV, "No such device", "/a"), "/a: No such device; choose another"),
        (OSError(errno.ENOLCK, "No locks available"), "No locks available; choose another place"),
        (OSError("Cannot allocate memory (os error 12)"), "Cannot allocate memory; close other"),
        (SafetensorError(f"{FULL} (os error {errno.ENOSPC})"), f"{FULL}; make room"),
        (RuntimeError("can't start new thread"), "can't start new thread; close other programs"),
        (RuntimeError("Could not determine home directory."), "~: this user has no home folder"),
        (
            FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
            "No usable temporary directory found in ['/tmp']; name a folder",
        ),
    ],
)
def test_what_a_machine_answers_has_a_remedy(error: Exception, told: str) -> None:
    assert str(as_user_error(error)).startswith(told)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file or directory", "/a"),
        OSError("no number"),
        RuntimeError(f"something else (os error {errno.EIO})"),
        ValueError("wrong"),
    ],
)
def test_a_fault_of_ours_stays_one(error: Exception) -> None:
    assert as_user_error(error) is None


@pytest.mark.parametrize(
    "said",
    [
        "could not create a primitive descriptor for the LSTM forward propagation primitive. Run "
        "workload with environment variable ONEDNN_VERBOSE=all to get additional information.",
        "\"cholesky\" not implemented for 'Half'",
    ],
)
def test_what_a_machine_does_not_compute_in_float16_has_a_remedy(said: str) -> None:
    told = str(as_user_error(RuntimeError(said)))
    assert told.startswith("an operator is not there in float16 on this machine (")
    assert said.partition(". ")[0] in told and "ONEDNN" not in told
    assert "use trainer.precision=fp32 or bf16" in told
