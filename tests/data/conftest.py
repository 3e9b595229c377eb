from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.data.store.dataset import Dataset, open_dataset

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # worker processes import the reader of the tests by its name

import coco_pictures  # noqa: E402
import oxford102_pictures  # noqa: E402
from tiny_reader import TinyReader  # noqa: E402


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of a Python process that can import the reader of the tests."""
    path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}


@pytest.fixture
def open_tiny(tmp_path: Path) -> Callable[..., Dataset]:
    """Open a tiny data set in a fresh cache; keywords of the reader, and `size`."""

    def open_(size: int = 8, max_words: int = 18, **fields: object) -> Dataset:
        reader = TinyReader(**fields)  # type: ignore[arg-type]
        return open_dataset(reader, size, tmp_path / "cache", max_words, quiet=True, workers=1)

    return open_


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """COCO as its authors published it."""
    return coco_pictures.official(tmp_path)


@pytest.fixture
def attngan(tmp_path: Path) -> Path:
    """COCO as AttnGAN unpacks it."""
    return coco_pictures.attngan(tmp_path)


@pytest.fixture
def dfgan(tmp_path: Path) -> Path:
    """COCO as DF-GAN unpacks it."""
    return coco_pictures.dfgan(tmp_path)


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Oxford-102 as its authors published it, with captions beside it."""
    return oxford102_pictures.flowers(tmp_path)


@pytest.fixture
def reed(tmp_path: Path) -> Path:
    """Oxford-102 as Reed unpacks it."""
    return oxford102_pictures.reed(tmp_path)


@pytest.fixture
def stackgan(tmp_path: Path) -> Path:
    """Oxford-102 as StackGAN unpacks it."""
    return oxford102_pictures.stackgan(tmp_path)
