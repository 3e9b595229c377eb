"""Sweeps that a W&B agent gives out: the commands that it makes train the arms of the study."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from experiments.config.compose import CONF, choices, plain
from experiments.config.override import checked_compose
from experiments.run.prerequisite import plan
from experiments.study.command import study_of
from experiments.study.job import Job

FILE = CONF.parent / "sweeps" / "attngan_4stage.wandb.yaml"


@pytest.fixture(scope="module")
def sweep() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text()))


def commands(sweep: dict[str, Any]) -> list[list[str]]:
    """The command of each trial, as the agent puts it together."""
    given = {key: parameter["values"] for key, parameter in sweep["parameters"].items()}
    found = []
    for combination in itertools.product(*given.values()):
        trial = {k: {"value": v} for k, v in zip(given, combination, strict=True)}
        macros: dict[str, Any] = create_sweep_command_args({"args": trial})
        macros |= {"env": ["/usr/bin/env"], "program": [sweep["program"]]}
        words: list[str] = []
        for word in create_sweep_command(copy.deepcopy(sweep["command"])):
            words += macros[word[2:-1]] if word.startswith("${") else [word]
        found.append(words)
    return found


def test_it_begins_with_the_question_of_its_study() -> None:
    ours = FILE.with_name("attngan_4stage.yaml").read_text().splitlines()[0]
    assert FILE.read_text().splitlines()[0] == ours


def test_the_metric_and_the_method_are_what_an_agent_knows(sweep: dict[str, Any]) -> None:
    assert sweep["method"] == "grid"
    assert sweep["metric"] == {"name": "attribute_accuracy/colour", "goal": "maximize"}
    assert all(set(parameter) == {"values"} for parameter in sweep["parameters"].values())


def values(job: Job) -> frozenset[tuple[str, str | float]]:
    """The overrides of a job, `5e-4` and `0.0005` being the same."""
    pairs = [override.partition("=")[::2] for override in job.overrides]
    return frozenset((key, float(text) if text[:1].isdigit() else text) for key, text in pairs)


def test_its_trials_are_the_jobs_of_the_study(sweep: dict[str, Any]) -> None:
    trials = []
    for words in commands(sweep):
        assert words[:3] == ["/usr/bin/env", "python", "run.py"]
        (job,) = study_of(words[3:]).jobs
        trials.append(job)
    jobs = {values(job): job for job in study_of(["study=attngan_4stage"]).jobs}
    assert len(trials) == len(jobs) == 36
    assert {values(job) for job in trials} == set(jobs)
    # Every value of every parameter is in one of these.
    for trial in trials[::17]:
        assert place(trial) == place(jobs[values(trial)])


def place(job: Job) -> Path:
    """The run folder; the configuration passes the check."""
    cfg = checked_compose(job.overrides)
    return plan(plain(cfg), choices(cfg), job.overrides).folder
