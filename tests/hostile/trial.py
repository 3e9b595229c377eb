"""One hostile input, tried in a process of its own: what came of it, in which memory and time.

The process is a fork, so that a crash of a decoder, a loop without end and a bomb are outcomes too.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.terminal.error import BadInput, UserError

SECONDS = 8  # of a processor, for a trial
PATIENCE = 60.0  # seconds until a trial that waits for something is ended
MEGABYTES = 300  # above those of the process before
ADDRESSES = 6_000_000_000  # bytes; beyond them a trial fails rather than the machine
LINE = 1600  # letters of a message, of which a path may be most


@dataclass(frozen=True)
class Outcome:
    """accepted, dropped (accepted with drops counted), refused (a line), or failed."""

    kind: str
    message: str = ""
    found: dict[str, Any] | None = None
    megabytes: float = 0.0
    seconds: float = 0.0


def attempt(work: Callable[[], dict[str, Any]]) -> Outcome:
    """What came of `work`, whose result must be JSON; `dropped` in it counts what was dropped."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _leave(writing, work)
    os.close(writing)
    answer, late = _read(reading, start + PATIENCE)
    os.close(reading)
    if late:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - start
    if late:
        return Outcome("failed", f"no end in {PATIENCE} s", seconds=seconds)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return Outcome("failed", f"no end in {SECONDS} s of a processor", seconds=seconds)
    if not answer or status != 0:
        return Outcome("failed", f"died with status {status}", seconds=seconds)
    kind, message, found, megabytes = json.loads(answer)
    outcome = Outcome(kind, message, found, megabytes, seconds)
    return outcome if kind == "failed" else _judged(outcome)


def _judged(outcome: Outcome) -> Outcome:
    """Failed where it took too much, or its message is no line."""
    fault = ""
    if outcome.megabytes > MEGABYTES:
        fault = f"{outcome.megabytes:.0f} MB"
    if outcome.kind == "refused":
        if not outcome.message or not outcome.message.isprintable():
            fault = f"not a line: {outcome.message!r}"[:LINE]
        elif len(outcome.message) > LINE:
            fault = f"a line of {len(outcome.message)} letters"
    if "MemoryError" in outcome.message:
        fault = outcome.message
    return (
        Outcome("failed", fault, outcome.found, outcome.megabytes, outcome.seconds)
        if fault
        else outcome
    )


def _leave(writing: int, work: Callable[[], dict[str, Any]]) -> None:
    """Work, write the answer, and end without what the parent would do at its end."""
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_memory("VmSize") + ADDRESSES,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
        before = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        answer = _answer(work)
        answer.append((_memory("VmHWM") - before) / 1e6)
        with os.fdopen(writing, "w") as file:
            json.dump(answer, file)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _answer(work: Callable[[], dict[str, Any]]) -> list[Any]:
    try:
        found = work()
    except (UserError, BadInput) as error:
        return ["refused", str(error), None]
    except BaseException:
        return ["failed", traceback.format_exc()[-3000:], None]
    return ["dropped" if found.get("dropped") else "accepted", "", found]


def _memory(name: str) -> int:
    """Bytes that the kernel counts for this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)


def _read(reading: int, end: float) -> tuple[bytes, bool]:
    """All that comes until the pipe is closed, and whether that was too late."""
    import select

    parts = []
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return b"", True
        part = os.read(reading, 1 << 16)
        if not part:
            return b"".join(parts), False
        parts.append(part)
