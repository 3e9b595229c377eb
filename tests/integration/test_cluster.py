"""Tasks as `srun` starts them find one another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.run import checkpoint

QUICK = ["~metric", "trainer.sample_every=1000", "trainer.images=8"]
STEP = {
    "SLURM_JOB_ID": "77",
    "SLURM_STEP_ID": "0",
    "SLURM_STEP_NUM_TASKS": "2",
    "SLURM_STEP_NODELIST": "localhost",
    "SLURM_STEP_TASKS_PER_NODE": "2",
    "SLURM_NODEID": "0",
}


def test_two_tasks_train_one_run(commands: Any, outputs: Path) -> None:
    tasks = []
    for rank in ("0", "1"):
        own = STEP | {"SLURM_PROCID": rank, "SLURM_LOCALID": rank}
        tasks.append(commands.start(*QUICK, outputs=outputs, env=own))
    assert [task.wait() for task in tasks] == [0, 0], tasks[0].text + tasks[1].text
    assert "2 x cpu" in tasks[0].text and tasks[1].text == "", "the first one speaks"
    (weights,) = outputs.glob("attngan_4stage-plumage/*/checkpoints/images-0000000008.safetensors")
    assert checkpoint.read(weights)["images"] == 8


def test_tasks_do_not_start_a_study_each(commands: Any, outputs: Path) -> None:
    own = STEP | {"SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
    job = commands.start("-m", "seed=0,1", *QUICK, outputs=outputs, env=own)
    assert job.wait() == 2
    (line,) = job.errors
    assert "use launch.num_processes=N" in line
