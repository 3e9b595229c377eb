"""The presets for trying things: from nothing to a score in seconds, whatever the data."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.config.override import checked_compose
from tests.integration.conftest import ROOT

DRAWN = ("plumage", "plumage_song", "plumage_clips", "stamps")  # need no folder
MOST = {"smoke": (150, 40), "tiny": (50, 20)}  # records of a split, seconds


@pytest.mark.parametrize("preset", MOST)
@pytest.mark.parametrize("data", sorted(path.stem for path in (ROOT / "conf/data").glob("*.yaml")))
def test_a_preset_limits_every_data_set(data: str, preset: str) -> None:
    root = [] if data in DRAWN else ["data.root=somewhere"]
    assert checked_compose([f"data={data}", *root]).data.limit is None
    assert checked_compose([f"data={data}", f"debug={preset}", *root]).data.limit == MOST[preset][0]


def processor_time() -> float:
    """Seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
@pytest.mark.parametrize("preset", MOST)
def test_the_default_recipe_takes_seconds_from_nothing(preset: str, tmp_path: Path) -> None:
    """Prerequisites, imports and scores are counted. Processor time: others may be at work."""
    settings = [f"debug={preset}", "tracker=none", "launch.threads=1", f"paths.outputs={tmp_path}"]
    environ = os.environ | {"BIRDSONG_CACHE": str(tmp_path / "cache")}
    before = processor_time()
    done = subprocess.run(
        [sys.executable, "run.py", *settings], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert processor_time() - before <= MOST[preset][1]
    assert len(list(tmp_path.glob("damsm-plumage/*"))) == 2
    assert list(tmp_path.glob("attngan_4stage-plumage/*/scores.json"))
