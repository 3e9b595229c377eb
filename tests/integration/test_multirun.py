"""A sweep makes a run of each combination and shares what they build on."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

QUICK = ["~metric", "trainer.sample_every=1000", "trainer.images=8"]


def last(run: Path) -> dict[str, Any]:
    path = max(run.glob("checkpoints/images-*.pt"))
    return dict(torch.load(path, weights_only=True)["system"])


@pytest.fixture(scope="module")
def swept(commands: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Two jobs from nothing, tracked by W&B offline, and what was said."""
    outputs = tmp_path_factory.mktemp("swept")
    command = ["-m", "seed=0,1", "tracker=wandb", "metric.independent=null"]
    job = commands.ok(*command, "trainer.images=8", outputs=outputs)
    return outputs, job.text


def test_two_runs_share_what_they_build_on(swept: tuple[Path, str]) -> None:
    outputs, text = swept
    counts = {folder.name: len(list(folder.iterdir())) for folder in outputs.glob("*-plumage")}
    assert counts == {"attngan_4stage-plumage": 2, "damsm-plumage": 1, "classifier-plumage": 1}
    assert text.count("damsm-plumage: training it first") == 1
    assert text.count("classifier-plumage: training it first") == 1
    assert "job 1 of 2: " in text and "job 2 of 2: " in text
    runs = (outputs / "attngan_4stage-plumage").iterdir()
    built_on = [json.loads((run / "run.json").read_text())["built_on"] for run in runs]
    assert built_on[0] == built_on[1]


def test_each_is_tracked_once_and_in_one_group(swept: tuple[Path, str]) -> None:
    for run in swept[0].glob("*-plumage/*"):
        (tracked,) = run.glob("wandb/offline-run-*")
        assert tracked.name.endswith(run.name), "the id of the tracked run is that of the folder"
        (written,) = tracked.glob("*.wandb")
        assert b"sweep seed" in written.read_bytes()


def test_a_job_is_what_it_would_be_alone(
    commands: Any, swept: tuple[Path, str], outputs: Path
) -> None:
    commands.ok(*QUICK, "seed=1", outputs=outputs)
    (alone,) = (outputs / "attngan_4stage-plumage").iterdir()
    beside = swept[0] / "attngan_4stage-plumage" / alone.name
    ours, theirs = last(alone), last(beside)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_sweep_again_has_nothing_to_do(
    commands: Any, swept: tuple[Path, str], tmp_path: Path
) -> None:
    outputs = shutil.copytree(swept[0], tmp_path / "outputs")
    command = ["-m", "seed=0,1", "tracker=wandb", "metric.independent=null"]
    job = commands.ok(*command, "trainer.images=8", outputs=outputs)
    assert job.text.count("is finished") == 2 and "parameters:" not in job.text
    assert job.text.count("Fréchet distance (efficientnet_lite0)") == 2
    assert len(list(outputs.glob("*/*/wandb/offline-run-*"))) == 4


def test_a_job_that_fails_is_listed_and_the_others_go_on(
    commands: Any, swept: tuple[Path, str], outputs: Path
) -> None:
    (damsm,) = (outputs / "damsm-plumage").iterdir()
    wrong = shutil.copytree(damsm, outputs / "wrong")
    facts = json.loads((wrong / "facts.json").read_text())
    (wrong / "facts.json").write_text(json.dumps(facts | {"vocabulary_hash": "another"}))
    encoders = f"encoder.pretrained={wrong},{damsm}"
    job = commands.run("-m", encoders, *QUICK, outputs=outputs)
    assert job.wait() == 2
    (line,) = job.errors
    assert str(wrong) in line and "another vocabulary" in line
    assert len(list(outputs.glob("attngan*/*/weights/*.pt"))) == 1
    assert "Traceback" not in job.text


def test_stopping_a_job_stops_the_sweep(commands: Any, outputs: Path) -> None:
    job = commands.start("-m", "seed=0,1", *QUICK, "trainer.images=40000", outputs=outputs)
    job.until(lambda: any(outputs.glob("attngan*/*/stats.jsonl")))
    job.send(signal.SIGINT)
    assert job.wait() == 130
    assert "job 2 of 2" not in job.text and "Traceback" not in job.text
    assert len(list(outputs.glob("attngan*/*/checkpoints/*.pt"))) == 1
