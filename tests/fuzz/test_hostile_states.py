"""Released files that somebody made to do harm."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest
from torch import nn

from experiments.convert.stages import sizes_of
from experiments.convert.state import ReleasedState
from experiments.terminal.error import UserError
from tests.fuzz.hostile_states import states

MEMORY = 1_500_000_000  # bytes beyond those that the process has reserved


@pytest.fixture
def bounded_memory() -> object:
    """What asks for very much memory fails, as it would on a small machine."""
    reserved = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (reserved + MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def test_no_file_does_harm(tmp_path: Path, bounded_memory: object) -> None:
    sentinel, count = tmp_path / "sentinel", 0
    for name, content in states(sentinel):
        path = tmp_path / "generator.pth"
        path.write_bytes(content)
        began = time.monotonic()
        try:
            state = ReleasedState.read(path)
            assert all(value.numel() * 4 < MEMORY for value in state.tensors.values()), name
            try:
                state.fit(nn.Linear(2, 4, bias=False), lambda _: "a")
            except UserError as error:
                _require_line(error, path)
            sizes_of(state, "")
        except UserError as error:
            _require_line(error, path)
        except Exception as error:
            raise AssertionError(name) from error
        assert not sentinel.exists(), f"{name}: code was run"
        assert time.monotonic() - began < 5, name
        count += 1
    assert count > 50


def _require_line(error: UserError, path: Path) -> None:
    line = str(error)
    assert line.startswith(f"{path}: ") and "\n" not in line and line.isprintable(), line
