"""A whole generator as what a run builds on: which run that is, and what comes with it."""

from __future__ import annotations

import pytest

from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.run.prerequisite import Run, plan


def planned(*overrides: str) -> Run:
    cfg = checked_compose(list(overrides))
    return plan(plain(cfg), choices(cfg), list(overrides))


@pytest.mark.parametrize(
    ("generator", "model", "dims"),
    [
        ("reed", "gan_int_cls", (100, 0)),
        ("stackgan_stage2", "stackgan_stage2", (100, 256)),
        ("attngan_4stage", "attngan_4stage", (100, 100)),
    ],
)
def test_the_generator_s_run_is_that_of_its_recipe(
    generator: str, model: str, dims: tuple[int, int]
) -> None:
    run = planned("model=style_encoder", f"generator={generator}_pretrained")
    needs = {path: need for path, need in run.prerequisites.items() if path != "metric.classifier"}
    assert list(needs) == ["generator", "encoder"]  # with its first stage inside, if it has one
    assert needs["encoder"] is needs["generator"], "the text encoder that it was trained with"
    need, alone = needs["generator"], planned(f"model={model}")
    assert isinstance(need, Run) and need.folder == alone.folder
    assert need.config["metric"] == alone.config["metric"], "scores of its own"
    assert (run.config["style"]["noise_dim"], run.config["style"]["condition_dim"]) == dims


def test_another_recipe_of_the_same_generator() -> None:
    run = planned("model=style_encoder", "generator.pretrained.model=gan_cls")
    need = run.prerequisites["generator"]
    assert isinstance(need, Run) and need.folder == planned("model=gan_cls").folder
