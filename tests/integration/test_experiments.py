"""Every published configuration trains: two steps at tiny widths, on plumage, with all that it
builds on. What it is at full size, `tests/conf/test_experiments.py` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from experiments.config.compose import CONF

OURS = {"plumage_cpu", "plumage_projected", "plumage_redrawn", "plumage_study", "quickstart"}
NAMES = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml") if path.stem not in OURS)
SLOW = {name for name in NAMES if name not in ("stackgan_stage2_coco", "stackgan_stage2_128_cub")}
MORE = {"gan_int_cls_cub": ["~data.reader.box_crop"]}  # plumage has no boxes


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where encoders and first stages are trained once for all."""
    return tmp_path_factory.mktemp("experiments")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in NAMES]
)
def test_two_steps(commands: Any, shared: Path, name: str) -> None:
    words = [f"experiment={name}", "data=plumage", "trainer.images=8", "trainer.sample_every=1000"]
    job = commands.ok(*words, "~metric", *MORE.get(name, []), outputs=shared)
    # Two that differ by their data alone are one here.
    assert "to 8 images" in job.text or "is finished" in job.text, job.text
