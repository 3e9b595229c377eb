"""What launchers were told and a run does not use: a line; what it does: none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from experiments.machine.told import lone_task, not_used, words_of_parent

STARTED = {"ACCELERATE_MIXED_PRECISION": "no", "ACCELERATE_DYNAMO_BACKEND": "NO"}
LAUNCH = ["python", "/bin/accelerate", "launch", "--gradient_accumulation_steps", "4", "run.py"]
RUN = (1, False, "cpu")  # accumulate, compiled, device


@pytest.mark.parametrize(
    ("more", "words", "told"),
    [
        ({"ACCELERATE_DYNAMO_BACKEND": "INDUCTOR"}, [], "dynamo (inductor) is not used"),
        (
            {"ACCELERATE_DYNAMO_BACKEND": "EAGER", "ACCELERATE_DYNAMO_MODE": "max-autotune"},
            [],
            "dynamo (eager, mode max-autotune)",
        ),
        ({}, LAUNCH, "trainer.accumulate=1: gradient_accumulation_steps of accelerate launch (4)"),
        ({"ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "8"}, [], "accelerate launch (8)"),
        ({}, ["accelerate", "launch", "--gradient-accumulation-steps=2", "run.py"], "launch (2)"),
        ({"ACCELERATE_GRADIENT_CLIPPING": "1.0"}, [], "gradient_clipping (1.0) is not used"),
        ({"LT_PRECISION": "bf16-mixed"}, [], "LT_PRECISION=bf16-mixed"),
        ({"XLA_USE_BF16": "1"}, [], "of TPUs"),
    ],
)
def test_a_line_for_each(more: dict[str, str], words: list[str], told: str) -> None:
    (line,) = not_used(STARTED | more, words, *RUN)
    assert told in line


@pytest.mark.parametrize(
    ("more", "words", "run"),
    [
        ({}, [], RUN),
        ({"ACCELERATE_DYNAMO_BACKEND": "inductor"}, [], (1, True, "cuda")),
        ({}, LAUNCH, (4, False, "cpu")),
        ({}, ["accelerate", "launch", "run.py", "--gradient_accumulation_steps", "4"], RUN),
        ({"ACCELERATE_USE_CPU": "True"}, [], RUN),
        ({"LT_PRECISION": "32-true"}, [], RUN),
    ],
)
def test_what_is_obeyed_needs_none(
    more: dict[str, str], words: list[str], run: tuple[int, bool, str]
) -> None:
    assert [*not_used(STARTED | more, words, *run)] == []
    assert [*not_used({}, LAUNCH, *RUN)] == [], "no accelerate launch"


def test_a_cpu_that_was_asked_for() -> None:
    (line,) = not_used(STARTED | {"ACCELERATE_USE_CPU": "true"}, [], 1, False, "cuda")
    assert line.endswith("launch.device=cpu does it")


def test_tasks_that_stay_idle() -> None:
    batch = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4"}
    assert "SLURM_NTASKS=4" in str(lone_task(batch, 1))
    for more, processes in (({"SLURM_STEP_NUM_TASKS": "1"}, 1), ({"RANK": "0"}, 1), ({}, 4)):
        assert lone_task(batch | more, processes) is None
    assert lone_task({"SLURM_NTASKS": "4"}, 1) is None


def test_the_command_of_the_parent_is_read() -> None:
    code = "from experiments.machine.told import words_of_parent as w; print(w()[-1])"
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    command = [sys.executable, "-c", inner, "--gradient_accumulation_steps=4"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == "--gradient_accumulation_steps=4"
    assert words_of_parent()
