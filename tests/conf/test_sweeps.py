"""Every file of sweeps/ says what it asks, and each of its jobs passes the check."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.study.command import study_of
from experiments.study.job import Study
from experiments.study.sweep import SWEEPS, names

ARMS = [name for name in names() if not study_of([f"study={name}"]).search]
DRAWN = ("plumage", "digits")  # data of cheap budgets
PUBLISHED = ("cub", "sub_urmp", "youtubers", "voxceleb1", "digits")  # of full ones
MANY = ("attngan_4stage", "text_to_image")  # arms; the first has a test of its own
ASKED = {
    "attngan_4stage",
    "conditioning_augmentation",
    "damsm_weight",
    "generator_steps",
    "learning_rate",
    "mismatch",
    "spectral_norm",
    "stages",
    "text_encoder",
    "text_to_image",
}


@cache
def study(name: str, budget: str) -> tuple[Study, list[dict[str, Any]]]:
    """A study, and the checked configuration of each of its arms, with its first seed; `cheap` is
    its first budget."""
    found = study_of([f"study={name}", *([] if budget == "cheap" else [f"budget={budget}"])])
    first = [job for job in found.jobs if job.settings["seed"] == found.jobs[0].settings["seed"]]
    return found, [plain(checked_compose(job.overrides)) for job in first]


def test_the_studies_that_there_should_be() -> None:
    assert set(ARMS) >= ASKED


@pytest.mark.parametrize("name", names())
def test_a_file_asks_a_question_and_has_a_cheap_budget_and_a_full_one(name: str) -> None:
    first = (SWEEPS / f"{name}.yaml").read_text().splitlines()[0]
    assert first.startswith("# ") and first.rstrip().endswith(("?", "."))
    found = study_of([f"study={name}"])
    assert "?" in (found.question or "") and found.budget in DRAWN
    assert study_of([f"study={name}", "budget=full"]).budget == "full"


@pytest.mark.parametrize("budget", ["cheap", pytest.param("full", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n in MANY else n for n in ARMS],
)
def test_every_arm_passes_the_check_and_differs_from_the_others(name: str, budget: str) -> None:
    found, configs = study(name, budget)
    assert len(configs) > 1 and len({repr(config) for config in configs}) == len(configs)
    assert len(found.jobs) % len(configs) == 0
    sets = DRAWN if budget == "cheap" else PUBLISHED
    data = tuple(f"experiments.data.reader.{name}" for name in sets)
    assert all(config["data"]["reader"]["_target_"].startswith(data) for config in configs)


@pytest.mark.parametrize(
    ("budget", "rates", "weights"),
    [
        ("cheap", {5e-4, 1e-3, 2e-3}, {1, 5, 20}),
        pytest.param("full", {1e-4, 2e-4, 4e-4}, {1, 5, 50}, marks=pytest.mark.slow),
    ],
)
def test_the_ablation_varies_what_it_should(
    budget: str, rates: set[float], weights: set[float]
) -> None:
    found, configs = study("attngan_4stage", budget)
    assert len(configs) == 18 and len(found.jobs) == 36
    for network in ("generator", "discriminator"):
        assert {config["optim"][network]["lr"] for config in configs} == rates
    assert {config["system"]["damsm"]["weight"] for config in configs} == weights
    assert {config["system"]["generator_steps"] for config in configs} == {1, 2}
    assert all(len(config["generator"]["resolutions"]) == 4 for config in configs)


def test_two_time_scales_are_taken_side_by_side() -> None:
    _, configs = study("learning_rate", "full")
    rates = [(c["optim"]["generator"]["lr"], c["optim"]["discriminator"]["lr"]) for c in configs]
    assert rates == [(1e-4, 1e-4), (2e-4, 2e-4), (4e-4, 4e-4), (1e-4, 4e-4), (2e-4, 8e-4)]
