"""What launchers say in the environment, whole, half, and in nonsense."""

from __future__ import annotations

import pytest

from experiments.config.override import checked_compose
from experiments.machine.cluster import join_cluster
from experiments.machine.launcher import NEEDED, is_rank, number_in, stale
from experiments.terminal.error import UserError

RANK = {
    "RANK": "1",
    "LOCAL_RANK": "1",
    "WORLD_SIZE": "2",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
}


def test_a_rank_has_all_of_it() -> None:
    assert is_rank(RANK) and stale(RANK) == ([], None)
    assert not any(is_rank({k: v for k, v in RANK.items() if k != name}) for name in NEEDED)
    assert stale({}) == ([], None)


@pytest.mark.parametrize(
    ("environment", "gone", "told"),
    [
        ({"WORLD_SIZE": "1"}, ["WORLD_SIZE"], False),
        ({"MASTER_ADDR": "a", "MASTER_PORT": "1"}, [], False),
        ({"LOCAL_RANK": "0"}, ["LOCAL_RANK"], True),
        ({"LOCAL_RANK": "-1"}, ["LOCAL_RANK"], True),
        ({"RANK": "", "WORLD_SIZE": " "}, ["RANK", "WORLD_SIZE"], False),
        ({"RANK": "0", "WORLD_SIZE": "1"}, ["RANK", "WORLD_SIZE"], True),
        ({"OMPI_COMM_WORLD_SIZE": "1", "PMI_RANK": "0"}, [], False),
    ],
)
def test_what_is_left_of_one_process_is_done_without(
    environment: dict[str, str], gone: list[str], told: bool
) -> None:
    names, line = stale(environment)
    assert names == gone and bool(line) == told
    assert not told or all(name in str(line) for name in environment if name != "WORLD_SIZE")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"WORLD_SIZE": "4"}, ["WORLD_SIZE=4", "RANK, LOCAL_RANK, MASTER_ADDR", "num_processes=4"]),
        ({"RANK": "3"}, ["RANK=3", "WORLD_SIZE", "unset RANK"]),
        (RANK | {"MASTER_ADDR": ""}, ["MASTER_ADDR is missing", "unset RANK LOCAL_RANK"]),
        ({"LOCAL_RANK": "2", "WORLD_SIZE": "1"}, ["LOCAL_RANK=2", "unset"]),
        (RANK | {"RANK": "2"}, ["RANK=2", "no process has such numbers"]),
        (RANK | {"RANK": "-1"}, ["RANK=-1"]),
        ({"WORLD_SIZE": "two"}, ["WORLD_SIZE=two", "no whole number", "unset WORLD_SIZE"]),
        (RANK | {"MASTER_PORT": "http"}, ["MASTER_PORT=http"]),
        ({"OMPI_COMM_WORLD_SIZE": "2"}, ["OMPI_COMM_WORLD_SIZE=2", "torchrun"]),
        ({"PMI_SIZE": "x"}, ["PMI_SIZE=x"]),
    ],
)
def test_what_cannot_be_is_named_with_its_remedy(
    environment: dict[str, str], named: list[str]
) -> None:
    with pytest.raises(UserError) as error:
        stale(environment)
    assert all(words in str(error.value) for words in named)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    "environment",
    [
        {"SLURM_STEP_NUM_TASKS": "two", "SLURM_PROCID": "0"},
        {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"},
        {
            "SLURM_STEP_NUM_TASKS": "2",
            "SLURM_PROCID": "0",
            "SLURM_JOB_ID": "7",
            "SLURM_STEP_NODELIST": "a",
            "SLURM_LOCALID": "0",
            "SLURM_NODEID": "5",
        },
    ],
)
def test_half_of_what_srun_says(environment: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"SLURM_STEP_NUM_TASKS.*unset"):
        join_cluster(environment)


def test_a_task_of_srun_is_a_rank_though_a_shell_kept_something() -> None:
    step = {
        "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_PROCID": "1",
        "SLURM_JOB_ID": "7",
        "SLURM_STEP_NODELIST": "a",
        "SLURM_LOCALID": "1",
        "SLURM_NODEID": "0",
    }
    assert join_cluster(step | {"RANK": "0", "WORLD_SIZE": "4"})["RANK"] == "1"
    assert join_cluster(step | RANK) == {}


def test_numbers() -> None:
    assert number_in({}, "A", 3) == number_in({"A": ""}, "A", 3) == 3
    assert number_in({"A": " 5 "}, "A") == 5


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["trainer.batch=2"], "no batch statistics and no wrong caption; use at least 4"),
        (["trainer.batch=6", "trainer.accumulate=2"], "must be a multiple of"),
        (["trainer.batch=4", "trainer.accumulate=2"], "use at least 8"),
    ],
)
def test_checks_count_the_processes_that_there_are(
    overrides: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with launch.num_processes=2, whoever started them."""
    overrides = ["model=damsm", "debug=tiny", *overrides]
    checked_compose(overrides)
    with pytest.raises(UserError) as ours:
        checked_compose([*overrides, "launch.num_processes=2"])
    for name, value in RANK.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError) as theirs:
        checked_compose(overrides)
    assert words in str(ours.value) and str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("more", ["trainer.accumulate=2", "launch.num_processes=2"])
def test_wrong_pairs_as_released_need_three_rows_a_part(more: str) -> None:
    """Of two rows one wrong pair is left, which the discriminator cannot normalise."""
    overrides = ["model=gan_cls", "debug=tiny", "trainer.batch=4", more]
    checked_compose(overrides)
    with pytest.raises(UserError, match=r"loss\.mismatch=roll_released .* use at least 6"):
        checked_compose([*overrides, "loss.mismatch=roll_released"])
    checked_compose([*overrides, "loss.mismatch=roll_released", "trainer.batch=6"])
    with pytest.raises(UserError, match=r"one picture has no .* use at least 6"):
        checked_compose([*overrides, "loss.mismatch=roll_released", "trainer.batch=2"])
