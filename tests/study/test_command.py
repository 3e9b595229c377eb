"""Files of studies, and several values of a command line, as jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.config.override import text
from experiments.study import sweep
from experiments.study.command import study_of
from experiments.terminal.error import UserError

FILE = """\
# Does it?
fixed: {model: damsm}
product:
  trainer.batch: [8, 16]
paired:
  a.b: [1, 2]
  a.c: [3, 4]
seeds: [5, 6]
budgets:
  small: {trainer.images: 100}
  large: {trainer.batch: [32], a.b: [7], a.c: [9], extra: [1, 2]}
"""


@pytest.fixture
def sweeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sweep, "SWEEPS", tmp_path)
    (tmp_path / "one.yaml").write_text(FILE)
    (tmp_path / "one.wandb.yaml").write_text("method: grid")
    return tmp_path


def test_arms_are_products_of_lists_and_of_pairs_with_every_seed(sweeps: Path) -> None:
    found = study_of(["study=one"])
    assert (found.name, found.budget, found.question) == ("one", "small", "Does it?")
    assert found.varied == ["trainer.batch", "a.b", "a.c"]
    settings = [tuple(job.settings.values()) for job in found.jobs]
    assert settings == [
        (batch, b, c, seed)
        for batch in ("8", "16")
        for b, c in (("1", "3"), ("2", "4"))
        for seed in ("5", "6")
    ]
    assert found.jobs[0].overrides == [
        *("model=damsm", "trainer.images=100", "trainer.batch=8", "a.b=1", "a.c=3", "seed=5")
    ]
    assert found.jobs[0].name == "batch=8 b=1 c=3 seed=5"


def test_a_budget_may_have_other_values(sweeps: Path) -> None:
    (first, second) = study_of(["study=one", "budget=large"]).jobs
    assert first.overrides == [
        *("model=damsm", "extra=[1,2]", "trainer.batch=32", "a.b=7", "a.c=9", "seed=5")
    ]
    assert second.settings["seed"] == "6"


def test_the_command_line_has_the_last_word(sweeps: Path) -> None:
    given = [
        "study=one",
        "trainer.batch=4",
        "seed=1",
        "trainer.images=7",
        "x.y=1,2",
        "tracker=none",
    ]
    found = study_of(given)
    assert found.varied == ["a.b", "a.c", "x.y"]
    assert len(found.jobs) == 4
    overrides = found.jobs[0].overrides
    assert "trainer.batch=4" in overrides and "seed=1" in overrides
    assert overrides[-2:] == ["trainer.images=7", "tracker=none"]
    assert not any(item == "trainer.images=100" for item in overrides)


@pytest.mark.parametrize(
    ("content", "given", "said"),
    [
        (FILE, ["study=on"], "study=on: no such file in sweeps/; did you mean one?"),
        (FILE, ["study=one", "budget=larg"], "did you mean large?"),
        (FILE, ["study=one", "a.b=1,2"], "varies a.b, a.c together; change it there"),
        ("# Q?\nprodct: {a: [1]}", ["study=one"], "prodct: no such key; did you mean product?"),
        ("# Q?\nproduct: {a: 1}", ["study=one"], "a: must be a list of values"),
        ("# Q?\npaired: {a: [1], b: [1, 2]}", ["study=one"], "of one length: a 1, b 2"),
        ("# Q?\nproduct: {a: [1]}\npaired: {a: [1]}", ["study=one"], "a is varied twice"),
        ("product: {a: [1]}", ["study=one"], "must begin with its question"),
        ("# Q?\n", ["study=one"], "is empty"),
        ("# Q?\na: [", ["study=one"], "is not YAML"),
        (FILE, ["budget=small"], "is one of a study"),
    ],
)
def test_a_mistake_is_one_line(sweeps: Path, content: str, given: list[str], said: str) -> None:
    (sweeps / "one.yaml").write_text(content)
    with pytest.raises(UserError) as error:
        study_of(given)
    assert said in str(error.value) and len(str(error.value).splitlines()) == 1


def test_several_values_of_a_command_line() -> None:
    found = study_of(["model=damsm", "seed=0,1", "trainer.batch=8,16"])
    assert found.varied == ["seed", "trainer.batch"] and found.title == "sweep seed trainer.batch"
    assert found.jobs[0].overrides == ["model=damsm", "seed=0", "trainer.batch=8"]
    assert found.jobs[3].settings == {"seed": "1", "trainer.batch": "16"}
    assert len(found.jobs) == 4
    (alone,) = study_of(["model=damsm"]).jobs
    assert alone.overrides == ["model=damsm"] and alone.name == ""


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "null"), (True, "true"), ([1, [], "a"], "[1,[],a]"), ({"a": None}, "{a:null}")],
)
def test_values_of_yaml_in_the_grammar_of_hydra(value: object, said: str) -> None:
    assert text(value) == said
