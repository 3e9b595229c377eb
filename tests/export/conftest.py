"""A run folder with weights that nobody trained, and its export."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # what the tests here share

from exported_run import config_of, make_run

from experiments.export.folder import write
from tests.forked import Forked, forked


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forked]:
    """Starts code in processes that have not loaded the hub's client, which reads its environment
    when it is imported."""
    loaded = (
        "import torch, experiments.export.folder, experiments.sample.model\n"
        "from experiments.config.override import checked_compose\n"
        "checked_compose([])"
    )
    with forked(tmp_path_factory.mktemp("forked"), loaded, without=["huggingface_hub"]) as made:
        yield made


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


@pytest.fixture
def export(run: Path, tmp_path: Path) -> Path:
    return write(config_of(run, folder=str(tmp_path / "shared" / "birds")))
