"""Runs on a folder of pictures are found again wherever the folder lies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.data.reader.folder import Folder
from experiments.data.store.fingerprint import fingerprint_of, read_as
from experiments.data.text.words import Tokeniser
from experiments.run.prerequisite import Run, plan
from experiments.terminal import line

COLOURS = ("red", "blue")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with job1/birds: captions, and pictures that nobody opens here."""
    for number in range(20):
        path = tmp_path / "job1/birds" / COLOURS[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]))
        path.with_suffix(".txt").write_text(f"a {COLOURS[number % 2]} bird")
    line.say_once.cache_clear()
    return tmp_path


def planned(place: Path, root: str, *more: str) -> Run:
    overrides = [
        *("model=damsm", "data=folder", "tracker=none", f"data.root={place / root}"),
        *(f"paths.outputs={place / 'outputs'}", f"paths.cache={place / 'cache'}", *more),
    ]
    cfg = checked_compose(overrides)
    return plan(plain(cfg), choices(cfg), overrides)


def begun(place: Path, run: Run, by_time: bool = False, way: Tokeniser = "unicode") -> None:
    """What a run leaves in its folder as soon as it begins."""
    reader = Folder(run.config["data"]["root"])
    more = read_as(reader, tokeniser=way)
    known = fingerprint_of(reader, place / "cache", quiet=True, more=more)
    run.folder.mkdir(parents=True)
    facts = {"data": known.by_time if by_time else known.now, "words": [], "vocabulary_size": 0}
    facts["tokeniser"] = way
    (run.folder / "facts.json").write_text(json.dumps(facts))
    (run.folder / "config.yaml").write_text(yaml.safe_dump(run.config))
    (run.folder / "run.json").write_text('{"id": "x", "choices": {}, "overrides": []}')


def staged(place: Path, job: str) -> Path:
    """The same bytes elsewhere, at another time."""
    return shutil.copytree(
        place / "job1/birds", place / job / "birds", copy_function=shutil.copyfile
    )


def test_the_folder_of_the_next_job_has_the_same_runs(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = planned(place, "job1/birds")
    begun(place, first)
    staged(place, "job2")
    again = planned(place, "job2/birds")
    assert again.folder == first.folder
    assert "job2/birds: the same data as" in capsys.readouterr().err
    other = planned(place, "job2/birds", "seed=1")  # a run that is not there yet, of known data
    assert other.folder != first.folder
    assert other.folder == planned(place, "job1/birds", "seed=1").folder


def test_what_a_run_builds_on_is_found_as_well(place: Path) -> None:
    """A DAMSM that was trained in the first job serves the generator of the second."""
    begun(place, planned(place, "job1/birds"))
    staged(place, "job2")
    for model in ("attngan", "attngan_4stage"):
        first, second = (
            planned(place, f"{job}/birds", f"model={model}") for job in ("job1", "job2")
        )
        assert first.id == second.id
        assert {p: str(r.folder) for p, r in first.prerequisites.items() if isinstance(r, Run)} == {
            p: str(r.folder) for p, r in second.prerequisites.items() if isinstance(r, Run)
        }


def test_one_byte_is_another_run_and_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = planned(place, "job1/birds")
    begun(place, first)
    (staged(place, "job3") / "red/0.png").write_bytes(b"another")
    assert planned(place, "job3/birds").folder != first.folder
    said = capsys.readouterr().err
    assert f"nearly the data of {first.folder}" in said and "1 changed (red/0.png)" in said


def test_runs_from_before_are_found_under_their_ids(place: Path) -> None:
    first = planned(place, "job1/birds")
    begun(place, first, by_time=True)
    assert planned(place, "job1/birds").folder == first.folder
    shutil.copytree(place / "job1", place / "kept")  # with the same times, as by cp -p
    assert planned(place, "kept/birds").folder == first.folder


def test_a_run_with_words_of_before_is_found_once_it_was_resumed(place: Path) -> None:
    first = planned(place, "job1/birds")
    begun(place, first, way="ascii")
    staged(place, "job2")
    assert planned(place, "job2/birds").folder == first.folder
    begun(place, planned(place, "job1/birds", "seed=1"))  # others on these data read as usual
    assert planned(place, "job2/birds").folder == first.folder


def test_data_that_are_gone_change_no_id(place: Path) -> None:
    first = planned(place, "job1/birds")
    begun(place, first)
    alone = planned(place, "job1/birds", "seed=1").id
    shutil.rmtree(place / "job1")
    assert planned(place, "job1/birds").folder == first.folder
    assert planned(place, "job1/birds", "seed=1").id == alone


def test_a_name_of_the_users_own_is_left_alone(place: Path) -> None:
    begun(place, planned(place, "job1/birds"))
    staged(place, "job2")
    named = [planned(place, f"{job}/birds", "data.name=birds").id for job in ("job1", "job2")]
    assert named[0] == named[1] != planned(place, "job1/birds").id
