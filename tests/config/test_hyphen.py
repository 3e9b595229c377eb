"""Keys that are written as flags, and words that are no key=value."""

from __future__ import annotations

import pytest

from experiments.command import read
from experiments.config.override import parse_sweep
from experiments.terminal.error import UserError


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--trainer.batch=4", "task=plan"],
            "--trainer.batch=4: leave the hyphens out, as trainer.",
        ),
        (["--trainer.batch", "4"], "--trainer.batch 4: leave the hyphens out, as trainer.batch=4"),
        (["-model", "gan"], "-model gan: leave the hyphens out, as model=gan"),
        (["--num-samples", "3"], "num_samples=3"),
        (["--fresh"], "as fresh=true"),
        (["--fast", "task=plan"], "unrecognized arguments: --fast; "),
    ],
)
def test_hyphens_are_to_be_left_out(words: list[str], told: str) -> None:
    with pytest.raises(UserError) as error:
        read(words)
    (line,) = str(error.value).splitlines()
    assert told in line and "task=plan" not in line


def test_flags_stay_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(["--multirun", "seed=0,1"]).several and read(["--multi", "seed=0,1"]).several
    assert read(["--cfg", "job"]).is_question and read(["-c", "job"]).is_question
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert read(["--local_rank=1", "seed=2"]).overrides == ["seed=2"], (
        "DeepSpeed's launcher adds it"
    )
    monkeypatch.setenv("WANDB_SWEEP_ID", "x")
    with pytest.raises(UserError, match=r"args_no_hyphens"):
        read(["--seed=1"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["trainer.batch", "4"],
            "trainer.batch 4: not of the form key=value; write trainer.batch=4",
        ),
        (["trainer.batch:4"], "write trainer.batch=4"),
        (["trainer.batch=", "4"], "trainer.batch= 4: leave no space after ="),
        (["'seed=4'"], "write seed=4"),
        (["seed"], "write seed=VALUE"),
    ],
)
def test_what_is_no_override_says_what_to_write(words: list[str], told: str) -> None:
    with pytest.raises(UserError) as error:
        parse_sweep(read(words).overrides)
    assert told in str(error.value)
