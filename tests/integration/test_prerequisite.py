"""Runs that others build on: found, given, refused, waited for."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

QUICK = ["~metric", "trainer.sample_every=1000", "trainer.images=8"]


@pytest.fixture
def damsm(outputs: Path) -> Path:
    (folder,) = (outputs / "damsm-plumage").iterdir()
    return folder


def test_a_given_folder_is_the_run_that_would_be_found(
    commands: Any, outputs: Path, damsm: Path, tmp_path: Path
) -> None:
    moved = shutil.move(damsm, tmp_path / "mine")
    given = commands.ok(*QUICK, f"encoder.pretrained={moved}", outputs=outputs)
    assert "training it first" not in given.text
    (run,) = (outputs / "attngan_4stage-plumage").iterdir()
    shutil.move(moved, damsm)
    found = commands.ok(*QUICK, outputs=outputs)
    assert f"{run} is finished" in found.text


def test_another_architecture_is_refused(commands: Any, outputs: Path, damsm: Path) -> None:
    job = commands.run(*QUICK, f"encoder.pretrained={damsm}", "encoder.dim=128", outputs=outputs)
    assert job.wait() == 2 and "Traceback" not in job.text
    (line,) = job.errors
    assert "dim is 256 there and 128 here" in line and str(damsm) in line
    assert job.text == f"{line}\n", "data were opened"
    assert not list(outputs.glob("attngan*/*/checkpoints"))


def test_one_that_is_not_finished_is_refused(commands: Any, outputs: Path, damsm: Path) -> None:
    shutil.rmtree(damsm / "weights")
    job = commands.run(*QUICK, f"encoder.pretrained={damsm}", outputs=outputs)
    assert job.wait() == 2
    assert job.errors == [
        f"error: encoder.pretrained={damsm}: is not trained to its end; run it again first"
    ]


@pytest.mark.slow
def test_one_that_was_trained_on_is_not_taken_for_the_shorter_one(
    commands: Any, outputs: Path, damsm: Path
) -> None:
    # a rate that falls to zero at the last image makes the longer run another one from its first
    flat, longer = "data.preset.damsm_decay_to_zero=false", "data.preset.images.damsm=24"
    shutil.rmtree(damsm)
    commands.ok("model=damsm", flat, outputs=outputs)
    (damsm,) = (outputs / "damsm-plumage").iterdir()
    commands.ok("model=damsm", flat, longer, outputs=outputs)
    assert sorted(path.name for path in (damsm / "weights").iterdir()) == [
        "images-0000000016.safetensors",
        "images-0000000024.safetensors",
    ]
    commands.ok(*QUICK, flat, outputs=outputs)
    commands.ok(*QUICK, flat, longer, outputs=outputs)
    assert len(list(outputs.glob("attngan*/*"))) == 2, "what it was built on is part of a run"
    (damsm / "weights" / "images-0000000016.safetensors").unlink()
    job = commands.run(*QUICK, flat, "seed=1", outputs=outputs)
    assert job.wait() == 2
    (line,) = job.errors
    assert "was trained on to 24 images and this run asks for 16" in line


def test_mistakes_are_told_before_anything_is_trained(commands: Any, tmp_path: Path) -> None:
    job = commands.run("generator.resolutions=[8,24]", outputs=tmp_path)
    assert job.wait() == 2 and "training it first" not in job.text
    (line,) = job.errors
    assert line.startswith("error: generator: ")
    job = commands.run("metric/extractor=inception", outputs=tmp_path)
    assert job.wait() == 2 and "training it first" not in job.text
    assert "Inception weights: no file is given" in job.errors[0]


def test_two_jobs_that_need_the_same_train_it_once(
    commands: Any, tmp_path: Path, wait_for_end: list[Any]
) -> None:
    command = [*QUICK, "data.preset.images.damsm=48"]
    jobs = [commands.start(*command, f"seed={seed}", outputs=tmp_path) for seed in (0, 1)]
    wait_for_end += jobs
    assert [job.wait() for job in jobs] == [0, 0], jobs[0].text + jobs[1].text
    assert len(list(tmp_path.glob("damsm-plumage/*"))) == 1
    assert len(list(tmp_path.glob("attngan_4stage-plumage/*/weights/*"))) == 2
    texts = [job.text for job in jobs]
    assert sum("damsm-plumage: 48/48 images" in text for text in texts) == 1
    assert sum("which another process is training" in text for text in texts) == 1


def test_the_same_command_twice_at_the_same_time(
    commands: Any, outputs: Path, wait_for_end: list[Any]
) -> None:
    command = [*QUICK, "trainer.images=4000"]
    first = commands.start(*command, outputs=outputs)
    wait_for_end.append(first)
    first.until(lambda: "parameters:" in first.text)
    second = commands.run(*command, outputs=outputs)
    assert second.wait() == 2
    (line,) = second.text.splitlines()
    assert f"is being trained by process {first.pid} on" in line
    first.send(signal.SIGINT)
    assert first.wait() == 130
