"""Where the captions of a run are found, and what is never opened for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from experiments.app.recogniser.captions import CARRIED, captions_of
from experiments.data.reader.plumage import Plumage
from experiments.data.store.dataset import Dataset
from experiments.terminal.error import UserError

SMALL = {"images_per_species": 1, "species": 5, "test_species": 2, "captions": 3, "seed": 4}
PLUMAGE = {"_target_": "experiments.data.reader.plumage.Plumage", **SMALL}


def run(folder: Path, reader: dict[str, Any], words: list[str], data: str = "none") -> Path:
    folder.mkdir(exist_ok=True)
    config = {"data": {"reader": reader}, "system": {}, "trainer": {"images": 1, "batch": 1}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    facts = {"words": words, "vocabulary_hash": "x", "data": data}
    (folder / "facts.json").write_text(json.dumps(facts))
    return folder


def test_of_prepared_data_those_to_train_on(birds: Dataset, tmp_path: Path) -> None:
    place = run(tmp_path / "run", {}, ["<end>", "red", "<unk>"], birds.fingerprint)
    found = captions_of(place, birds.folder.parents[1])
    assert found.texts == tuple(text for of_one in birds.train.captions for text in of_one)
    assert found.words == ("red",) and found.where == "its training captions"


def test_invented_captions_are_written_anew(tmp_path: Path) -> None:
    found = captions_of(run(tmp_path / "run", PLUMAGE, []), tmp_path)
    train = [r for r in Plumage(**SMALL).read() if r.split == "train"]  # type: ignore[union-attr]
    assert found.texts == tuple(text for record in train for text in record.captions)
    assert len(found.texts) == 3 * 3


def test_of_a_set_without_end_only_so_much_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's export may ask for a thousand million records, none of them to train on."""
    from experiments.app.recogniser import captions

    monkeypatch.setattr(captions, "RECORDS", 30)
    drawn, read = list[object](), Plumage.read

    def counted(self: Plumage) -> Any:
        for record in read(self):
            drawn.append(record)
            yield record

    monkeypatch.setattr(Plumage, "read", counted)
    vast = PLUMAGE | {"images_per_species": 1_000_000, "species": 1000, "test_species": 999}
    found = captions_of(run(tmp_path / "run", vast | {"captions": 1}, ["red"]), tmp_path)
    assert len(found.texts) == len(drawn) == 30
    beyond = PLUMAGE | {"images_per_species": 10**9}
    with pytest.raises(UserError, match=r"images_per_species=1000000000: use a whole number"):
        captions_of(run(tmp_path / "other", beyond, ["red"]), tmp_path)


def test_an_export_may_carry_its_captions(tmp_path: Path) -> None:
    place = run(tmp_path / "run", {}, ["red"])
    (place / CARRIED).write_text(json.dumps(["a red bird"]))
    assert captions_of(place, tmp_path).texts == ("a red bird",)
    (place / CARRIED).write_text('{"a": 1}')
    with pytest.raises(UserError, match="must be a JSON list of captions"):
        captions_of(place, tmp_path)


def test_else_those_of_its_samples_and_its_words(tmp_path: Path) -> None:
    place = run(tmp_path / "run", {}, ["red", "bird"])
    assert captions_of(place, tmp_path).texts == ()
    assert captions_of(place, tmp_path).where.startswith("its vocabulary alone")
    (place / "samples").mkdir()
    (place / "samples" / "captions.json").write_text(json.dumps({"captions": ["a bird"]}))
    assert captions_of(place, tmp_path).texts == ("a bird",)


def test_nothing_to_expect_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither captions nor words"):
        captions_of(run(tmp_path / "run", {}, []), tmp_path)


@pytest.mark.parametrize(
    "reader",
    [
        {"_target_": "experiments.data.reader.folder.Folder", "root": "/"},
        PLUMAGE | {"seed": {"_target_": "experiments.data.reader.folder.Folder", "root": "/"}},
        {"_target_": "experiments.data.reader.digits.Digits", "root": "/"},
    ],
)
def test_of_a_strangers_configuration_no_other_reader_is_built(
    reader: dict[str, Any], tmp_path: Path
) -> None:
    found = captions_of(run(tmp_path / "run", reader, ["red"]), tmp_path)
    assert found.texts == ()
