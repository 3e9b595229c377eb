"""What people type, as Hydra reads it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from experiments.command import read
from experiments.config.option import OPTIONS
from experiments.config.override import checked_compose, parse_sweep
from experiments.config.spelling import spelt
from experiments.config.takes import described, names
from experiments.terminal.error import UserError

SIGNS = (
    "a (1)",
    "a#2",
    "a&b",
    "字幕",
    "it's",
    "a=b",
    "a,b",
    "a;b",
    "100 %?",
    "[x] y",
    "{z}",
    '"q" r',
)
NUMBERS = ("007", "2024", "1e3", "true", "3.10")


def value(*words: str) -> Any:
    """What Hydra makes of the last of the overrides."""
    (*_, override) = parse_sweep(spelt(words))
    assert not override.is_sweep_override()
    return override.value()


def several(override: str) -> list[str]:
    (found,) = parse_sweep(spelt([override], several=True))
    return [text.strip("'\"") for text in found.sweep_string_iterator()]


@pytest.mark.parametrize("said", [*SIGNS, *NUMBERS])
@pytest.mark.parametrize(
    "key", ["data.root", "sample.file", "tracker.name", "paths.outputs", "+data.reader.text"]
)
def test_texts_and_paths_are_taken_as_they_are(key: str, said: str) -> None:
    assert value("data=cub", f"{key}={said}") == said


def test_every_option_that_is_a_text_takes_any_sign() -> None:
    """Told by the dataclasses: an option that comes later is one of them."""
    texts = [
        f"{group}.{item.name}"
        for group, kind in OPTIONS.items()
        for item in dataclasses.fields(kind)  # type: ignore[arg-type]
        if (told := described(f"{group}.{item.name}")) is not None and "str" in set(names(told))
    ]
    assert {"app.password", "export.licence", "human.question", "sample.picture"} <= set(texts)
    assert not {"trainer.precision", "tracker.mode"} & set(texts), "one of some is no text"
    for key in texts:
        for said in ("a (1), b=c #2", "字幕, 007"):
            assert value(f"{key}={said}") == said


def test_a_key_of_a_class_is_told_by_its_signature() -> None:
    assert value("encoder=sentence_vae", "encoder.text.words.file=a (1).bin") == "a (1).bin"
    assert value("encoder.pretrained=my run (2)") == "my run (2)"
    assert value("model=damsm", "hydra.launcher.partition=gpu (a)") == "gpu (a)"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["data=folder", "data.root=null"], None),
        (["data=folder", "data.root='a, b'"], "a, b"),
        (["data=folder", "data.root=${oc.env:HOME}/birds (2)"], "${oc.env:HOME}/birds (2)"),
        (["data=folder", "data.root=cost ${5"], r"cost \${5"),
        (["text=[a red bird (male), a blue bird]"], ["a red bird (male)", "a blue bird"]),
        (["text=[a, 'b, c']"], ["a", "b, c"]),
        (["tracker.tags=[run #3, best (v2)]"], ["run #3", "best (v2)"]),
        (["human.question=[Was?, Wie (genau)?]"], ["Was?", "Wie (genau)?"]),
        (["encoder.pretrained={model: damsm}"], {"model": "damsm"}),
        (["variant=1"], 1),
    ],
)
def test_what_is_meant_stays(words: list[str], meant: Any) -> None:
    assert value(*words) == meant


def test_commas_with_and_without_m(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert several("data.root=birds (1),字幕") == ["birds (1)", "字幕"]
    assert several("tracker.name=007,b") == ["007", "b"]
    assert several("data.root=choice(a,b)") == ["a", "b"]
    assert value("data.root=a,b") == "a,b"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (forgotten,) = parse_sweep(spelt(["data.root=a,b"]))
    assert forgotten.is_sweep_override(), "both are there: -m was forgotten"
    (tmp_path / "a,b").mkdir()
    assert value("data.root=a,b") == "a,b"
    (whole,) = parse_sweep(spelt(["data.root=./a,b"], several=True))
    assert whole.value() == "./a,b", "it is there"


@pytest.mark.parametrize(
    "key", ["trainer.images", "metric.samples", "data.limit", "generator.width"]
)
def test_a_whole_number_may_be_written_in_another_way(key: str) -> None:
    assert value(f"{key}=1e4") == value(f"{key}=10000.0") == 10000
    assert several(f"{key}=1e1,2.0e1") == ["10", "20"]
    assert value(f"{key}=1.5e0") == 1.5


def test_other_numbers_stay() -> None:
    assert value("model=gan", "optim.generator.lr=1e4") == 1e4
    with pytest.raises(UserError, match=r"trainer.images=1.5: must be a whole number$"):
        checked_compose(["trainer.images=1.5"])
    with pytest.raises(UserError, match=r"must be a whole number or null"):
        checked_compose(["trainer.ema_halflife=none"])
    with pytest.raises(UserError, match=r"metric.samples=1.5: must be a whole number"):
        checked_compose(["metric.samples=1.5"])


def test_pythons_none_is_null_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert value("trainer.collapse=None") is value("tracker.group=None") is None
    assert several("trainer.collapse=None,0.05") == ["null", "0.05"]
    assert "trainer.collapse=None: None is read as null" in capsys.readouterr().err
    assert value("tracker.name=None of them") == "None of them"
    assert value("tracker.name='None'") == "None"
    with pytest.raises(UserError, match="metric=null: write ~metric to leave it out"):
        checked_compose(["metric=None"])
    assert checked_compose(["experiment=None"]).task == "train"


def test_it_is_the_same_when_it_is_read_again() -> None:
    for text in (f"sample.file={sign}" for sign in (*SIGNS, *NUMBERS, "back\\slash", "end\\")):
        once = spelt([text])
        assert spelt(once) == once
        assert read(["task=sample", *once]).overrides[1:] == once
