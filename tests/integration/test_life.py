"""A run saves and leaves whatever becomes of its terminal, and whatever it does just then."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.run import checkpoint
from experiments.run.stats import StatsFile

DAMSM = ["model=damsm", "trainer.log_every=4"]
SCORED = [
    *("model=gan_cls", "metric.independent=null", "trainer.images=16", "trainer.log_every=4"),
    *("trainer.checkpoint_every=1000", "trainer.evaluate_every=8", "trainer.sample_every=1000"),
]
# Whoever reads has left before the first line: `tee` dies of the same Ctrl-C.
NO_READER = """
import os
reading, writing = os.pipe()
os.dup2(writing, 1), os.dup2(writing, 2), os.close(reading), os.close(writing)
"""
ASCII = """
import sys
sys.stdout.reconfigure(encoding="ascii", errors="strict")
sys.stderr.reconfigure(encoding="ascii", errors="strict")
"""


def saved(outputs: Path, model: str) -> list[int]:
    found = outputs.glob(f"{model}-plumage/*/checkpoints/images-*.safetensors")
    return sorted(int(path.stem.partition("-")[2]) for path in found)


def test_nobody_reads_what_a_run_says(commands: Any, tmp_path: Path) -> None:
    """It saves when it is asked to leave, and ends with the code of what was done."""
    command = [*DAMSM, "trainer.images=40000", "trainer.checkpoint_every=40000"]
    job = commands.start(*command, outputs=tmp_path, before=NO_READER)
    job.until(lambda: any(tmp_path.glob("damsm*/*/stats.jsonl")))
    job.send(signal.SIGINT)
    assert job.wait() == 128 + signal.SIGINT and job.text == ""
    (left,) = saved(tmp_path, "damsm")
    job = commands.start(*DAMSM, f"trainer.images={left + 4}", outputs=tmp_path, before=NO_READER)
    assert job.wait() == 0 and saved(tmp_path, "damsm")[-1] == left + 4
    assert list(tmp_path.glob("damsm*/*/scores.json"))
    job = commands.start(*DAMSM, f"trainer.images={left + 4}", outputs=tmp_path, before=ASCII)
    assert job.wait() == 0 and "+-" in job.text and "Traceback" not in job.text


@pytest.fixture(scope="module")
def straight(commands: Any, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scored twice, and never stopped."""
    outputs = tmp_path_factory.mktemp("straight")
    for group in ("damsm-plumage", "classifier-plumage"):
        (outputs / group).symlink_to(trained / group)
    commands.ok(*SCORED, "metric.samples=300", outputs=outputs)
    return outputs


def scores(outputs: Path) -> dict[int, dict[str, float]]:
    (path,) = outputs.glob("gan_cls-plumage/*/stats.jsonl")
    lines = [line for line in StatsFile.read(path) if any("frechet" in name for name in line)]
    return {int(line["images"]): line for line in lines}


@pytest.mark.parametrize(
    ("at", "more"),
    [
        (8, []),
        pytest.param(16, [], marks=pytest.mark.slow),
        pytest.param(8, ["launch.num_processes=2"], marks=pytest.mark.slow),
    ],
)
def test_asked_to_leave_while_it_scores(
    at: int, more: list[str], commands: Any, outputs: Path, straight: Path
) -> None:
    """It saves at once, the same command scores again to the same numbers, and the run is the one
    that was never stopped."""
    command = [*SCORED, "metric.samples=300", *more]
    job = commands.start(*command, outputs=outputs)

    def scoring() -> bool:
        paths = list(outputs.glob("gan_cls-plumage/*/stats.jsonl"))
        return bool(paths) and any(line["images"] == at for line in StatsFile.read(paths[0]))

    job.until(scoring, 120)
    job.send(signal.SIGTERM)
    assert job.wait() == 128 + signal.SIGTERM, job.text
    assert "Traceback" not in job.text and "the same command goes on from there" in job.text
    assert saved(outputs, "gan_cls") == [at] and at not in scores(outputs)
    commands.ok(*command, outputs=outputs)
    found, wanted = scores(outputs), scores(straight)
    assert found.keys() == wanted.keys() == {8, 16}
    if more:  # sums in another order
        return
    assert found == wanted
    (ours,) = outputs.glob("gan_cls-plumage/*/scores.json")
    (theirs,) = straight.glob("gan_cls-plumage/*/scores.json")
    assert json.loads(ours.read_text())["scores"] == json.loads(theirs.read_text())["scores"]
    (run,), (same) = ours.parent.glob("checkpoints/*16.safetensors"), theirs.parent
    ours_state, theirs_state = (
        checkpoint.read(run),
        checkpoint.read(same / "checkpoints" / run.name),
    )
    for group, networks in ours_state["export"].items():
        for name, value in networks.items():
            assert torch.equal(value, theirs_state["export"][group][name])
