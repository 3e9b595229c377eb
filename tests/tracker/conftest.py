"""Trackers of tests reach nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def nobody_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test may reach a network or a user's account."""
    for name in [name for name in os.environ if name.startswith(("WANDB_", "TRACKIO_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")


@pytest.fixture
def accelerate_state_of_this_test_only() -> Iterator[None]:
    from accelerate.state import PartialState

    fresh = not PartialState._shared_state
    yield
    if fresh:
        PartialState._reset_state()
