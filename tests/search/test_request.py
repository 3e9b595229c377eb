"""What a file and a command line ask a search for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.search.request import Search, check
from experiments.search.space import Choice, Range
from experiments.terminal.error import UserError

Ask = Callable[..., Search]


def test_the_file(ask: Ask) -> None:
    found = ask()
    assert (found.score, found.direction, found.trials) == (
        "attribute_accuracy/colour",
        "maximize",
        6,
    )
    assert found.title == "which-plumage"
    assert list(found.space) == [*("data.preset.lr", "loss.damsm.weight", "system.generator_steps")]
    assert found.overrides({"a": "1"}) == [
        "model=attngan_4stage",
        "trainer.keep=1",
        "data.preset.images.gan=600",
        "seed=0",
        "a=1",
    ]
    assert found.command({"a": "[1]"}).endswith("seed=0 'a=[1]'")


def test_a_budget_replaces_a_range_or_ends_it(ask: Ask) -> None:
    found = ask("budget=full")
    assert found.space["data.preset.lr"] == Range(1e-5, 1e-3, log=True)
    assert "loss.damsm.weight" not in found.space
    assert "loss.damsm.weight=5" in found.base
    assert not any(item.startswith("data.preset.lr") for item in found.base)


def test_the_command_line_comes_last(ask: Ask) -> None:
    found = ask("budget=full", "data.preset.lr=1e-3", "loss.damsm.weight=7", "trainer.batch=8")
    assert list(found.space) == ["system.generator_steps"]
    assert found.base[-3:] == ["data.preset.lr=1e-3", "loss.damsm.weight=7", "trainer.batch=8"]
    assert ask("system.generator_steps=1,2,3").space["system.generator_steps"] == Choice(
        ("1", "2", "3")
    )


def test_options_of_the_search_on_the_command_line(ask: Ask) -> None:
    found = ask("search.trials=9", "search.pruner=null", "search.sampler.seed=4")
    assert (found.trials, found.pruner) == (9, None)
    assert found.sampler == {"startup": 3, "seed": 4}
    assert not any(item.startswith("search") for item in found.base)
    assert ask("search.pruner.below=0.2").pruner == {"below": 0.2}


def test_a_distance_is_minimised_unless_said_otherwise(ask: Ask) -> None:
    assert ask("search.score=frechet/classifier").direction == "minimize"
    assert ask("search.score=frechet/classifier", "search.direction=maximize").direction == (
        "maximize"
    )


def test_what_makes_trials_comparable(ask: Ask) -> None:
    base = ask().identity
    assert base["space.data.preset.lr"] == "0.0002 to 0.004, logarithmic"
    same = ask("search.trials=99", "launch.threads=1", "tracker=none", "paths.outputs=/x")
    assert same.identity == base
    assert ask("trainer.batch=8").identity != base
    assert ask("data.preset.lr=1e-3").identity != base
    assert ask("search.score=frechet/classifier").identity != base


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["search.scor=1"], "search.scor: no such key; did you mean score?"),
        (["search.score=beauty"], "search.score=beauty: no such score; README.md and the"),
        (
            ["search.score=frechet/classifier/real"],
            "search.score=frechet/classifier/real: does not tell one run from another",
        ),
        (["search.direction=up"], "search.direction=up: choose one of maximize, minimize"),
        (["search.trials=0"], "search.trials=0: must be a whole number from 1"),
        (["search.trials=true"], "search.trials=true: must be a whole number from 1"),
        (["search.pruner.warmupp=1"], "search.pruner.warmupp: no such key; did you mean warmup?"),
        (["search.pruner.warmup=-1"], "search.pruner.warmup=-1: must be a whole number from 0"),
        (["search.pruner.below=low"], "search.pruner.below=low: must be a number"),
        (["search.pruner={below:3,above:2}"], "below=3 and above=2 give everything up"),
        (["search.sampler.name=grid"], "search.sampler.name=grid: choose one of tpe, random"),
        (["search.space={a:1}"], "search.space: cannot be given here; name the key"),
        (["search.trials=1,2"], "search.trials=1,2: give one value, as search.trials=40"),
        (["seed=0,1"], "must hold all that varies; seeds has several values as well"),
        (["trainer.batch=8,16"], "must hold all that varies; trainer.batch has several values"),
    ],
)
def test_what_is_refused(ask: Ask, words: list[str], line: str) -> None:
    with pytest.raises(UserError, match=r"^[^\n]*$") as error:
        ask(*words)
    assert line in str(error.value)


def test_a_key_is_fixed_or_searched(ask: Ask, sweeps: Path) -> None:
    path = sweeps / "which.yaml"
    path.write_text(path.read_text().replace("fixed: {", "fixed: {system.generator_steps: 1, "))
    with pytest.raises(UserError, match=r"space.system.generator_steps: is in `fixed` as well"):
        ask()


def test_every_end_of_the_space_is_a_run(ask: Ask, sweeps: Path, tmp_path: Path) -> None:
    outputs = f"paths.outputs={tmp_path}"
    assert check(ask(outputs)) == tmp_path / "study" / "which-plumage"
    with pytest.raises(UserError, match=r"search.score=.*: the run has no metric to score it"):
        check(ask("~metric"))
    with pytest.raises(UserError, match="task=evaluate: a search trains"):
        check(ask("task=evaluate"))
    path = sweeps / "which.yaml"
    path.write_text(path.read_text().replace("damsm.weight: {", "damsm.wieght: {"))
    with pytest.raises(UserError, match=r"^loss.damsm.wieght: .*did you mean weight"):
        check(ask())
    path.write_text(path.read_text().replace("damsm.wieght: {low: 0.5", "damsm.gamma1: {low: -1.5"))
    path.write_text(path.read_text().replace("[1, 2]", "[1, two]"))
    with pytest.raises(UserError, match=r"system.generator_steps=two"):
        check(ask())
