"""How a command names a run, and a state of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.command import listed
from experiments.config.override import parse_sweep
from experiments.config.spelling import spelt
from experiments.run.folder import file_at
from experiments.run.state import Named, files_of, named, run_named, states
from experiments.terminal.error import UserError


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    for model, key in (("attngan", "34f6266e81"), ("attngan", "34f7000000"), ("gan", "1234567890")):
        folder = tmp_path / "outputs" / f"{model}-plumage" / key
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps({"id": key}))
    return tmp_path / "outputs"


def written(folder: Path, kind: str, images: int) -> Path:
    path = file_at(folder, kind, images)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    return path


def test_a_folder_is_that_folder(outputs: Path) -> None:
    folder = outputs / "attngan-plumage" / "34f6266e81"
    assert named(str(folder)) == Named(folder)
    assert named(f"{folder}@4000") == Named(folder, "4000")
    assert named(f"{folder}@0004000").at == "4000" and named(f"{folder}@0").at == "0"
    assert named(f"{folder}@best") == Named(folder, "best")
    (odd := outputs / "mine@4000").mkdir()
    assert named(str(odd)) == Named(odd), "a folder may have any name"


def test_an_id_or_its_beginning_is_enough(outputs: Path) -> None:
    folder = outputs / "attngan-plumage" / "34f6266e81"
    assert named("34f6266e81", outputs) == named("34f6", outputs) == Named(folder)
    assert named("34f6266e81@best", outputs) == Named(folder, "best")


def test_several_and_none_are_listed(outputs: Path) -> None:
    with pytest.raises(UserError, match=r"run=34f: is the beginning of several ids") as error:
        named("34f", outputs)
    assert "attngan-plumage/34f6266e81, attngan-plumage/34f7000000" in str(error.value)
    with pytest.raises(UserError, match=r"no run in .* has this id; there are: attngan") as error:
        named("abc", outputs)
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match=r"encoder.pretrained=abc: no run in .*nor any other"):
        named("abc", outputs / "empty", "encoder.pretrained=")


def test_who_reads_a_run_as_it_is_refuses_a_state(outputs: Path) -> None:
    assert run_named("34f6", outputs).name == "34f6266e81"
    with pytest.raises(UserError, match="leave @4000 away"):
        run_named("34f6@4000", outputs)


def test_states_that_there_are(outputs: Path) -> None:
    folder = outputs / "attngan-plumage" / "34f6266e81"
    assert states(folder) == "it has no weights yet"
    early, late = written(folder, "checkpoints", 4000), written(folder, "checkpoints", 8000)
    end = written(folder, "weights", 8000)
    best = written(folder, "best", 6000)
    assert files_of(Named(folder))[0] == end, "the best state is no newest one"
    assert files_of(Named(folder, "4000")) == [early]
    assert files_of(Named(folder, "8000")) == [end, late]
    assert files_of(Named(folder, "best")) == files_of(Named(folder, "6000")) == [best]
    with pytest.raises(UserError, match=r"no such state; there are: @4000, @8000, @best \(6000\)"):
        files_of(Named(folder, "5000"))
    best.unlink()
    with pytest.raises(UserError, match=r"keeps no best state; trainer.keep_best=SCORE"):
        files_of(Named(folder, "best"))


@pytest.mark.parametrize("value", ["34f6266e81", "1234567890", "626681e123", "34f6@best", "123@40"])
@pytest.mark.parametrize("key", ["run", "encoder.pretrained"])
def test_an_id_is_no_number(key: str, value: str) -> None:
    (override,) = parse_sweep([spelt([f"{key}={value}"])[0]])
    assert override.value() == value


def test_a_list_of_ids_is_one_of_texts() -> None:
    told = listed(["task=report", "run=1234567890,34f6266e81"])
    assert parse_sweep(told)[1].value() == ["1234567890", "34f6266e81"]


@pytest.mark.parametrize(
    ("given", "read"),
    [("my idea", "my idea"), ("width (2)", "width (2)"), ("a{b", "a{b"), ("'a,b'", "a,b")],
)
def test_a_variant_is_free_text(given: str, read: str) -> None:
    (override,) = parse_sweep([spelt([f"variant={given}"])[0]])
    assert override.value() == read


def test_several_variants_are_several_runs() -> None:
    (override,) = parse_sweep([spelt(["variant=wide,narrow"])[0]])
    assert override.is_sweep_override()
