"""A sweep makes a run of each combination and shares what they build on."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.run import checkpoint

QUICK = ["~metric", "trainer.sample_every=1000", "trainer.images=8"]


def last(run: Path) -> dict[str, Any]:
    path = max(run.glob("checkpoints/images-*.safetensors"))
    return dict(checkpoint.read(path)["system"])


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
    assert "job 1 of 2: seed=0 is finished" in job.text
    assert "sweep seed: 2 of 2 runs are finished" in job.text and "parameters:" not in job.text
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
    assert job.wait() == 1
    (line,) = job.errors
    assert "job 1 (pretrained=" in line and str(wrong) in line and "another vocabulary" in line
    assert "1 of 2 runs are finished, 1 failed; the same command tries these again" in job.text
    assert len(list(outputs.glob("attngan*/*/weights/*.safetensors"))) == 1
    assert "Traceback" not in job.text


@pytest.mark.slow
def test_stopping_a_job_stops_the_sweep(commands: Any, outputs: Path) -> None:
    job = commands.start("-m", "seed=0,1", *QUICK, "trainer.images=40000", outputs=outputs)
    job.until(lambda: any(outputs.glob("attngan*/*/stats.jsonl")))
    job.send(signal.SIGINT)
    assert job.wait() == 130
    assert "job 2 of 2" not in job.text and "Traceback" not in job.text
    assert len(list(outputs.glob("attngan*/*/checkpoints/*.safetensors"))) == 1


@pytest.mark.slow
def test_a_process_that_is_killed_is_a_job_that_failed(
    commands: Any, outputs: Path, wait_for_end: list[Any]
) -> None:
    """The kernel kills what takes too much memory; its neighbour goes on, and the same command."""
    images = f"trainer.images={8 * 4000}"
    job = commands.start("-m", "seed=0,1", *QUICK, images, outputs=outputs)
    wait_for_end.append(job)
    job.until(lambda: any(outputs.glob("attngan*/*/checkpoints/*.safetensors")))
    (first,) = outputs.glob("attngan*/*")
    os.kill(holder(first), signal.SIGKILL)
    saved = "attngan*/*/checkpoints/*.safetensors"
    job.until(lambda: len({path.parent for path in outputs.glob(saved)}) > 1)
    assert "SIGKILL (by the kernel, when memory runs out, or by hand)" in job.text
    assert "SIGKILL" in json.loads((first / "failure.json").read_text())["reason"]
    job.send(signal.SIGINT)
    assert job.wait() == 130 and "Traceback" not in job.text


def holder(run: Path) -> int:
    """The process that trains in a folder, by what its lock says."""
    return int((run / ".lock").read_text().split()[1])


@pytest.fixture(scope="module")
def study(commands: Any, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two jobs side by side through joblib: the study is killed while both train, and the same
    command completes it. What it was, and what it said last, lie in the folder."""
    outputs = tmp_path_factory.mktemp("study") / "outputs"
    for group in ("damsm-plumage", "classifier-plumage"):
        shutil.copytree(trained / group, outputs / group)
    command = [*PARALLEL, "trainer.images=800"]
    job = commands.start(*command, outputs=outputs)
    runs = outputs / "attngan_4stage-plumage"
    job.until(lambda: len({path.parent for path in runs.glob("*/checkpoints/*.safetensors")}) > 1)
    job.send(signal.SIGKILL)
    job.wait()
    seen = {run.name: images(run) for run in runs.iterdir()}
    again = commands.ok(*command, outputs=outputs)
    (outputs / "log").write_text(again.text)
    (outputs / "seen").write_text(json.dumps(seen))
    return outputs


PARALLEL = ["-m", "seed=0,1", *QUICK[:2], "hydra/launcher=joblib", "trainer.checkpoint_every=8"]


def images(run: Path) -> int:
    return int(max(run.glob("checkpoints/images-*.safetensors")).stem.partition("-")[2])


@pytest.mark.slow
def test_a_study_that_was_killed_goes_on_where_it_was(study: Path) -> None:
    text = (study / "log").read_text()
    assert "joblib, 2 at a time, threads of each: 1" in text
    assert "sweep seed: 2 of 2 runs are finished" in text and "error: " not in text
    for run in (study / "attngan_4stage-plumage").iterdir():
        assert images(run) == 800
        said = (run / "output.log").read_text()
        assert "from the start to 800 images" in said
        resumed = [int(word) for word in re.findall(r": from (\d+) images", said)]
        assert resumed and resumed[0] >= json.loads((study / "seen").read_text())[run.name]
        assert not (run / "failure.json").exists()


@pytest.mark.slow
def test_a_job_beside_others_is_what_it_would_be_alone(
    commands: Any, study: Path, outputs: Path
) -> None:
    commands.ok(*QUICK[:2], "seed=1", "trainer.images=800", outputs=outputs)
    (alone,) = (outputs / "attngan_4stage-plumage").iterdir()
    ours, theirs = last(alone), last(study / "attngan_4stage-plumage" / alone.name)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.slow
def test_jobs_side_by_side_save_and_leave_when_asked_to(commands: Any, outputs: Path) -> None:
    job = commands.start(*PARALLEL, "trainer.images=40000", outputs=outputs)
    job.until(lambda: len(list(outputs.glob("attngan*/*/stats.jsonl"))) > 1)
    job.send(signal.SIGTERM)
    assert job.wait() == 143 and "jobs save and leave" in job.text
    for run in (outputs / "attngan_4stage-plumage").iterdir():
        assert "saved in " in (run / "output.log").read_text() and images(run) > 0
    assert "Traceback" not in job.text
