"""Signatures are read from source; values are held against their annotations."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest

from experiments.__main__ import prepare
from experiments.command import read
from experiments.config import compose as config
from experiments.config.compose import CONF, choices, compose, plain
from experiments.config.override import checked_compose, parse_sweep, with_ids
from experiments.config.signature import fits, options, signature
from experiments.config.target import locate
from experiments.discriminator.augment import CHANGES
from experiments.terminal.error import UserError, suggest


def targets() -> list[str]:
    found = set()
    for file in CONF.rglob("*.yaml"):
        lines = file.read_text().splitlines()
        found |= {line.split(":")[1].strip() for line in lines if "_target_:" in line}
    return sorted(found)


def parameters(kind: Any) -> dict[str, inspect.Parameter]:
    """Those of a constructor; what it takes as `*parts` and `**options` are those of its base."""
    own = dict(inspect.signature(kind).parameters)
    more = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = {name: item for name, item in own.items() if item.kind not in more}
    return named if named == own else parameters(kind.__base__) | named


@pytest.mark.parametrize("target", targets())
def test_a_signature_read_from_source_is_the_real_one(target: str) -> None:
    read = signature(target)
    assert read is not None
    real = parameters(locate(target))
    assert read.keys() == real.keys()
    for name, parameter in real.items():
        assert read[name].required == (parameter.default is inspect.Parameter.empty)


def test_what_is_not_there_has_no_signature() -> None:
    assert signature("experiments.nothing.At") is None
    assert signature("experiments.config.compose.Nothing") is None


@pytest.mark.parametrize(
    ("value", "annotation", "fit"),
    [
        (3, "int", True),
        (True, "int", False),
        (3.5, "int", False),
        (3, "float", True),
        ("3", "float", False),
        (None, "int", False),
        (None, "int | None", True),
        ("batch", "Literal['batch', 'group']", True),
        ("grup", "Literal['batch', 'group']", False),
        ([1, 2], "Sequence[int]", True),
        ([1, "2"], "Sequence[int]", False),
        (4, "Sequence[int]", False),
        ({"a": 1}, "Mapping[str, int]", True),
        ("anything", "SomethingElse", False),  # what is built from a node of its own
        ({"weight": 1}, "SomethingElse | None", True),
        ("anything", "Any", True),
    ],
)
def test_values_fit_annotations(value: Any, annotation: str, fit: bool) -> None:
    assert fits(value, ast.parse(annotation, mode="eval").body) is fit


def test_options_of_a_union() -> None:
    assert options(ast.parse("int | Literal['a', 'b']", mode="eval").body) == ["a", "b"]
    assert options(ast.parse("int", mode="eval").body) == []
    assert options(ast.parse("Sequence[Literal['a', 'b']]", mode="eval").body) == ["a", "b"]


def test_the_items_of_a_list_may_have_a_name() -> None:
    """`Sequence[Change]` with `Change = Literal[...]` stands for the literal, in a base as well."""
    read = signature("experiments.system.gan_cls.GANCLS")
    assert read is not None and read["augment"].annotation is not None
    assert options(read["augment"].annotation) == list(CHANGES)
    assert fits(["cutout"], read["augment"].annotation)
    assert not fits(["rotate"], read["augment"].annotation)


def test_suggestions() -> None:
    assert suggest("imagez", ["images", "batch"]) == "; did you mean images?"
    assert suggest("samples", ["sample", "num_samples"]) == "; did you mean num_samples?"
    assert suggest("zzz", ["images", "batch"]) == "; there are: batch, images"
    assert suggest("zzz", []) == ""


@pytest.mark.parametrize("name", ["1e34567890", "12345e6789", "12e3", "0123456789", "12e3@8"])
def test_an_id_is_no_number(name: str) -> None:
    for key in ("run", "encoder.pretrained", "++encoder.image.pretrained"):
        (override,) = parse_sweep([f"{key}={name}"])
        assert override.value() == name
    (override,) = parse_sweep([f"run=[{name}, abc,outputs/x]"])
    assert override.value() == [name, "abc", "outputs/x"]
    (override,) = parse_sweep([f"encoder.pretrained={name},null"])
    assert list(override.sweep_string_iterator()) == [f'"{name}"', "null"]
    assert with_ids(with_ids(f"run={name}")) == with_ids(f"run={name}")
    assert with_ids(f"run='{name},{name}'") == f"run='{name},{name}'", "as it was quoted"
    (command,) = read(["task=report", f"run={name},12e4"]).overrides[1:]
    assert parse_sweep([command])[0].value() == [name, "12e4"]
    assert parse_sweep(["seed=123"])[0].value() == 123, "of other keys it is one"
    assert checked_compose(["task=sample", f"run={name}"]).run == name


def test_overrides_of_a_sweep() -> None:
    parsed = parse_sweep(["seed=0,1", "model=damsm"])
    assert [item.is_sweep_override() for item in parsed] == [True, False]
    with pytest.raises(UserError, match="a b: not of the form key=value"):
        parse_sweep(["a b", "seed=1"])


@pytest.mark.parametrize(
    "words",
    [
        ["seed=3", "trainer.batch=32"],
        ["experiment=quickstart", "data.preset.images.damsm=48", "paths.outputs=/tmp/x"],
        ["model=attngan", "loss.damsm={weight: 3}", "generator.resolutions=[64,128,256]"],
        ["data.preset.lr=1e-3", "data.preset.lr=${loss.damsm.weight}", "++seed=4"],
        ["hydra/launcher=joblib", "hydra.launcher.n_jobs=3", "seed=2"],
        ["~metric", "seed=2"],
    ],
)
def test_values_make_of_a_composition_what_composing_them_makes(words: list[str]) -> None:
    """They are applied to the composition that they are checked against."""
    found, whole = checked_compose(words), compose(words)
    assert plain(found) == plain(whole)
    assert choices(found) == choices(whole)


@pytest.mark.parametrize(
    "words", [["--cfg", "job"], ["--cfg", "job", "model=attngan", "seed=3", "trainer.batch=32"]]
)
def test_an_answer_takes_one_composition(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Most of the time of a quick answer goes into composing."""
    config._composed.cache_clear()
    assert prepare(words)() == 0
    assert "generator:" in capsys.readouterr().out
    assert config._composed.cache_info().misses == 1


def test_a_mistake_takes_one_composition() -> None:
    config._composed.cache_clear()
    with pytest.raises(UserError, match="did you mean width"):
        prepare(["model=attngan", "generator.widht=3"])
    assert config._composed.cache_info().misses == 1


def test_a_switch_that_may_be_null_says_what_it_takes() -> None:
    asked = ["data=folder", "data.root=birds", "data.follow_links=maybe"]
    with pytest.raises(UserError) as refused:
        prepare(["tracker=none", *asked])
    assert str(refused.value) == "data.follow_links=maybe: must be true, false or null"


def test_a_key_of_another_launcher_is_not_advised_to_be_added() -> None:
    told = "^hydra.launcher.n_jobs: the launcher has no such key; hydra/launcher=joblib, with -m"
    with pytest.raises(UserError, match=told):
        checked_compose(["hydra.launcher.n_jobs=2"])
