"""Who is a rank under SLURM, by variables as clusters set them."""

from __future__ import annotations

import pytest

from experiments.machine.cluster import (
    has_its_own,
    hosts,
    join_cluster,
    requeue_if_preempted,
    tasks_of_nodes,
)
from experiments.terminal.error import UserError

# The fifth of seven tasks: the second one on the second of the nodes gpu01, gpu02, gpu07, login2.
STEP = {
    "SLURM_JOB_ID": "4242",
    "SLURM_JOB_NODELIST": "cpu[1-9],gpu[01-02,07],login2",
    "SLURM_NTASKS": "7",
    "SLURM_PROCID": "4",
    "SLURM_LOCALID": "1",
    "SLURM_NODEID": "1",
    "SLURM_STEP_ID": "3",
    "SLURM_STEP_NUM_TASKS": "7",
    "SLURM_STEP_NODELIST": "gpu[01-02,07],login2",
    "SLURM_STEP_TASKS_PER_NODE": "3,2,1(x2)",
}


@pytest.mark.parametrize(
    ("nodelist", "names"),
    [
        ("vm", ["vm"]),
        ("a,b.example.org", ["a", "b.example.org"]),
        ("gpu[01-03,07],login2", ["gpu01", "gpu02", "gpu03", "gpu07", "login2"]),
        ("n[9-11]", ["n9", "n10", "n11"]),
        ("n[098-101]", ["n098", "n099", "n100", "n101"]),
        ("n[5]", ["n5"]),
        ("n[1-2]-ib,x", ["n1-ib", "n2-ib", "x"]),
        ("r[1-2]n[08-09],z", ["r1n08", "r1n09", "r2n08", "r2n09", "z"]),
    ],
)
def test_names_of_a_list(nodelist: str, names: list[str]) -> None:
    assert hosts(nodelist) == names


def test_tasks_of_each_node() -> None:
    assert tasks_of_nodes("4") == [4]
    assert tasks_of_nodes("2(x3),1") == [2, 2, 2, 1]


def test_a_task_of_srun_is_a_rank() -> None:
    """Port: 12000 + (4242 * 8 + 3) modulo 20000."""
    assert join_cluster(STEP) == {
        "RANK": "4",
        "WORLD_SIZE": "7",
        "LOCAL_RANK": "1",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "gpu01",
        "MASTER_PORT": "25939",
    }


def test_all_tasks_agree_and_steps_do_not_meet() -> None:
    first = join_cluster(STEP | {"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"})
    assert first["LOCAL_WORLD_SIZE"] == "3"
    for key in ("WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        assert first[key] == join_cluster(STEP)[key]
    ports = {join_cluster(STEP | {"SLURM_STEP_ID": str(step)})["MASTER_PORT"] for step in range(8)}
    ports |= {join_cluster(STEP | {"SLURM_JOB_ID": "4243"})["MASTER_PORT"]}
    assert len(ports) == 9


def test_address_and_port_can_be_given() -> None:
    given = {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500"}
    assert given.items() <= join_cluster(STEP | given).items()


# As they were found, on SLURM 22.05 and in `man sbatch`, `man salloc`.
BATCH_SCRIPT = {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "2", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
SHELL_OF_SALLOC = {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "2"}
INTERACTIVE_STEP = SHELL_OF_SALLOC | {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"}
JOB_OF_SUBMITIT = BATCH_SCRIPT | {"SLURM_NTASKS": "1", "SLURM_STEP_NUM_TASKS": "1"}
# `torchrun --nnodes 2 --rdzv-endpoint host:29400`, alone and behind `srun`, sets these in its
# ranks; so does `accelerate launch --multi_gpu --num_machines 2`, which starts torchrun.
TORCHRUN = {
    "RANK": "5",
    "WORLD_SIZE": "8",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "4",
    "MASTER_ADDR": "host",
    "MASTER_PORT": "29400",
}


OTHERS = {
    "none": {},
    "script of sbatch": BATCH_SCRIPT,
    "shell of salloc": SHELL_OF_SALLOC,
    "interactive step": INTERACTIVE_STEP,
    "job of submitit": JOB_OF_SUBMITIT,
    "torchrun": TORCHRUN,
    "torchrun in srun": STEP | TORCHRUN,
}


@pytest.mark.parametrize("environment", OTHERS.values(), ids=OTHERS)
def test_what_is_no_task_of_several_stays_as_it_is(environment: dict[str, str]) -> None:
    assert join_cluster(environment) == {}


def test_a_task_that_sees_its_own_gpu_alone_takes_that() -> None:
    """With --gpus-per-task=1 each task sees its GPU as the first one."""
    bound = STEP | {"CUDA_VISIBLE_DEVICES": "0", "SLURM_GPUS_ON_NODE": "2"}
    assert join_cluster(bound)["LOCAL_RANK"] == "0"
    shared = STEP | {"CUDA_VISIBLE_DEVICES": "0,1", "SLURM_GPUS_ON_NODE": "2"}
    assert join_cluster(shared)["LOCAL_RANK"] == "1"
    assert has_its_own(bound, "gpus", 1) and not has_its_own(shared, "gpus", 2)
    # One GPU for both tasks is too few, not one each.
    assert not has_its_own(STEP | {"SLURM_GPUS_ON_NODE": "1"}, "gpus", 1)
    assert has_its_own(STEP | {"SLURM_CPUS_ON_NODE": "16"}, "cpus", 8)
    assert not has_its_own(JOB_OF_SUBMITIT | {"SLURM_CPUS_ON_NODE": "16"}, "cpus", 8)


def test_a_heterogeneous_job_is_refused() -> None:
    with pytest.raises(UserError, match="heterogeneous"):
        join_cluster(STEP | {"SLURM_HET_SIZE": "2"})


def test_without_a_cluster_nothing_is_requeued(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not requeue_if_preempted({})
    monkeypatch.setenv("PATH", "/nowhere")
    assert not requeue_if_preempted({"SLURM_JOB_ID": "1"})
