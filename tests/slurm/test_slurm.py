"""Studies and runs of several tasks on a real SLURM: what is taken away comes back and goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from one_node import OneNode

from experiments.run import checkpoint

pytestmark = pytest.mark.slurm

ROOT = Path(__file__).parents[2]
DATA = ["data.reader.species=12", "data.reader.test_species=4", "data.reader.images_per_species=3"]
TINY = ["debug=tiny", *DATA, "tracker=none", "launch.threads=1", "encoder/image=part_cnn"]
QUICK = [*TINY, "~metric", "trainer.sample_every=100000", "trainer.checkpoint_every=1000"]
IMAGES = 400  # enough to be interrupted
SLURM = ["hydra/launcher=submitit_slurm", "hydra.launcher.partition=low"]
SLURM += ["hydra.launcher.cpus_per_task=1", "hydra.launcher.timeout_min=30"]
STUDY = ["-m", *QUICK, f"trainer.images={IMAGES}", "seed=0,1", *SLURM]
MODEL = "attngan_4stage-plumage"


class Command:
    """`run.py` in a process of its own, on the cluster."""

    def __init__(self, cluster: OneNode, outputs: Path, *arguments: str) -> None:
        outputs.mkdir(parents=True, exist_ok=True)
        self.log = outputs / "said"
        places = [f"paths.outputs={outputs}", f"paths.cache={cluster.folder / 'cache'}"]
        self.line = [sys.executable, str(ROOT / "run.py"), *arguments, *places]
        self.environment = {**cluster.environment, "OMP_NUM_THREADS": "1"}

    def start(self) -> Command:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.line, env=self.environment, cwd=self.log.parent, stdout=log, stderr=log
            )
        return self

    def wait(self, seconds: float = 300) -> int:
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()

    @property
    def text(self) -> str:
        return self.log.read_text()


def until(condition: Callable[[], Any], seconds: float = 300) -> Any:
    """What a condition gives, once that is something."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def runs(outputs: Path) -> dict[int, Path]:
    """The folders of the runs, by seed."""
    return {seed_of(about.parent): about.parent for about in outputs.glob(f"{MODEL}/*/run.json")}


def seed_of(run: Path) -> int:
    overrides = json.loads((run / "run.json").read_text())["overrides"]
    (seed,) = [int(text[5:]) for text in overrides if text.startswith("seed=")]
    return seed


def starts(run: Path) -> list[str]:
    """`the` (start), or the images that a run went on from, each time that it was started."""
    said = (run / "output.log").read_text()
    return [words.split()[0] for words in said.split(f"{MODEL} {run.name}: from ")[1:]]


def logged(run: Path) -> list[int]:
    lines = (run / "stats.jsonl").read_text().splitlines()
    return [json.loads(line)["images"] for line in lines if '"discriminator' in line]


def train_for_a_while(outputs: Path, seed: int) -> None:
    until(lambda: seed in runs(outputs) and (runs(outputs)[seed] / "stats.jsonl").is_file())


def take_a_place(cluster: OneNode) -> None:
    """Submit a job of more priority that needs one of the two processors."""
    job = ["sbatch", "--partition=high", "--output=/dev/null", "--wrap=sleep 1"]
    assert cluster.ask(*job).startswith("Submitted")


def running(cluster: OneNode) -> list[str]:
    """The ids of what runs in the partition `low`."""
    asked = cluster.ask("squeue", "-h", "-p", "low", "-t", "running", "-o", "%i")
    return sorted(asked.split())


def state_of(cluster: OneNode, job: str) -> str:
    return cluster.ask("squeue", "-h", "-j", job, "-t", "all", "-o", "%T")


def weights(run: Path) -> dict[str, torch.Tensor]:
    path = run / "checkpoints" / f"images-{IMAGES:010d}.safetensors"
    return dict(checkpoint.read(path)["system"])


@pytest.fixture(scope="module")
def undisturbed(cluster: OneNode, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs of the study whose jobs nothing took away, and of the DAMSM that they share."""
    outputs = tmp_path_factory.mktemp("undisturbed")
    study = Command(cluster, outputs, *STUDY).start()
    assert study.wait() == 0, study.text
    assert "2 of 2 runs are finished" in study.text
    assert len(list(outputs.glob("damsm-plumage/*/weights/*.safetensors"))) == 1
    return outputs


@pytest.fixture
def outputs(undisturbed: Path, tmp_path: Path) -> Path:
    """Outputs of a test's own, in which DAMSM is trained already."""
    shutil.copytree(undisturbed / "damsm-plumage", tmp_path / "outputs" / "damsm-plumage")
    return tmp_path / "outputs"


def test_jobs_that_are_taken_away_go_on_bit_for_bit(
    cluster: OneNode, undisturbed: Path, outputs: Path
) -> None:
    """One is preempted by a job of more priority, the other is requeued by hand, and told later
    that its time is over."""
    study = Command(cluster, outputs, *STUDY).start()
    train_for_a_while(outputs, 0)
    train_for_a_while(outputs, 1)
    array = running(cluster)[0].partition("_")[0]
    assert running(cluster) == [f"{array}_0", f"{array}_1"]
    take_a_place(cluster)
    # Asked once: a moment later the first may be back.
    (other,) = until(lambda: len(found := running(cluster)) == 1 and found)
    cluster.ask("scontrol", "requeue", other)
    # Gone on with, it reaches its time limit: SLURM's signal then, sent by hand.
    (again,) = [run for run in runs(outputs).values() if seed_of(run) == int(other[-1])]
    until(lambda: len(starts(again)) == 2 and logged(again)[-1] > int(starts(again)[1]))
    cluster.ask("scancel", "--signal=USR2", other)

    assert study.wait() == 0, study.text
    assert "2 of 2 runs are finished" in study.text and "error: " not in study.text
    for seed, run in runs(outputs).items():
        said = (run / "output.log").read_text()
        assert "SIGTERM: saving and leaving" in said and "Traceback" not in said
        first, *later = starts(run)
        assert first == "the" and len(later) == (2 if run == again else 1), "start, or images"
        assert [0, *map(int, later), IMAGES] == sorted({0, *map(int, later), IMAGES})
        alone = runs(undisturbed)[seed]
        assert run.name == alone.name
        assert logged(run) == logged(alone) == list(range(4, IMAGES + 4, 4))
        ours, theirs = weights(run), weights(alone)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    restarts = cluster.ask("scontrol", "--oneliner", "show", "job", array)
    assert restarts.count("Restarts=1") == 1 and restarts.count("Restarts=2") == 1


def test_a_job_that_fails_takes_no_other_down(cluster: OneNode, outputs: Path) -> None:
    (damsm,) = (outputs / "damsm-plumage").iterdir()
    wrong = shutil.copytree(damsm, outputs / "wrong")
    for name, change in {
        "facts.json": {"vocabulary_hash": "another"},
        "run.json": {"id": "w"},
    }.items():
        content = json.loads((wrong / name).read_text())
        (wrong / name).write_text(json.dumps(content | change))
    arguments = [f"encoder.pretrained={wrong},{damsm}", "trainer.images=8"]
    study = Command(cluster, outputs, "-m", *QUICK, *SLURM, *arguments).start()
    assert study.wait() == 1
    (line,) = [line for line in study.text.splitlines() if line.startswith("error: ")]
    assert str(wrong) in line and "another vocabulary" in line
    assert "1 of 2 runs are finished, 1 failed" in study.text and "Traceback" not in study.text
    assert len(list(outputs.glob(f"{MODEL}/*/weights/*.safetensors"))) == 1


SCRIPT = """#!/bin/bash
srun {command}
[ $? = 143 ] && scontrol requeue "$SLURM_JOB_ID" # stopped, and saved: to be gone on with
exit 0
"""


def test_tasks_of_srun_are_ranks_and_come_back_together(cluster: OneNode, outputs: Path) -> None:
    """The script of docs/cluster.md, preempted by a job of more priority."""
    command = Command(cluster, outputs, *QUICK, f"trainer.images={IMAGES}", "seed=2")
    script = outputs / "job.sh"
    script.write_text(SCRIPT.format(command=" ".join(command.line)))
    options = ["--partition=low", "--ntasks=2", f"--output={command.log}", "--open-mode=append"]
    said = subprocess.run(
        ["sbatch", "--parsable", *options, str(script)],
        env=command.environment,
        cwd=outputs,
        capture_output=True,
        text=True,
        check=True,
    )
    job = said.stdout.strip()
    train_for_a_while(outputs, 2)
    take_a_place(cluster)
    until(lambda: state_of(cluster, job) in ("COMPLETED", "FAILED", "CANCELLED"))
    assert state_of(cluster, job) == "COMPLETED", command.text
    assert command.text.count("2 x cpu") == 2, "one process speaks, and speaks twice"
    assert "Traceback" not in command.text
    (run,) = runs(outputs).values()
    assert logged(run) == list(range(4, IMAGES + 4, 4))
    assert (run / "weights" / f"images-{IMAGES:010d}.safetensors").is_file()
