"""A run folder with weights that nobody trained, and its export."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # what the tests here share

from exported_run import config_of, make_run

from experiments.export.folder import write


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


@pytest.fixture
def export(run: Path, tmp_path: Path) -> Path:
    return write(config_of(run, folder=str(tmp_path / "shared" / "birds")))
