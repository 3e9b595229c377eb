"""A study that searches, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.search.request import Search, search_of
from experiments.search.store import Store
from experiments.study import sweep
from experiments.study.command import study_of

FILE = """\
# Which?
fixed: {model: attngan_4stage, trainer.keep: 1}
search:
  score: attribute_accuracy/colour
  trials: 6
  space:
    data.preset.lr: {low: 2e-4, high: 4.0e-3, log: true}
    loss.damsm.weight: {low: 0.5, high: 50}
    system.generator_steps: [1, 2]
  sampler: {startup: 3}
budgets:
  plumage: {data.preset.images.gan: 600}
  full: {data.preset.lr: {low: 1.0e-5, high: 1.0e-3, log: true}, loss.damsm.weight: 5}
"""


@pytest.fixture
def sweeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of studies, with `which.yaml`."""
    monkeypatch.setattr(sweep, "SWEEPS", tmp_path)
    (tmp_path / "which.yaml").write_text(FILE)
    return tmp_path


@pytest.fixture
def ask(sweeps: Path) -> Callable[..., Search]:
    """`ask(*overrides)`: the search of a command line."""

    def asked(*overrides: str) -> Search:
        words = ["study=which", *overrides]
        return search_of(study_of(words), words)

    return asked


@pytest.fixture
def open_store(ask: Callable[..., Search], tmp_path: Path) -> Callable[..., Store]:
    """`open_store(*overrides)`: the trials of that search, in one folder."""
    return lambda *overrides: Store(tmp_path / "found", ask(*overrides))
