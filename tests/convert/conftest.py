from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import experiments.convert.attngan
import experiments.convert.dfgan
import experiments.convert.stackgan_v2
from experiments.convert.run import compose_run

sys.path.insert(0, str(Path(__file__).parent))  # what the tests here share


@cache
def _composed(overrides: tuple[str, ...]) -> Any:
    return compose_run(list(overrides))


@pytest.fixture(autouse=True)
def compose_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Composing takes most of the time of these tests, which ask for the same over and again."""
    convert = experiments.convert
    for module in (convert.attngan, convert.dfgan, convert.stackgan_v2):
        monkeypatch.setattr(module, "compose_run", lambda overrides: _composed(tuple(overrides)))
