"""A user's own pictures with sounds, which are read where a run hears them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from drawn import draw, entries, write
from folder_pictures import jsonl, splits, table

from experiments.data.reader.folder import Folder
from experiments.data.record import has_of
from experiments.data.store.dataset import open_dataset
from experiments.terminal.error import BadInput, UserError
from tests.data.spoken import write_wave


def heard(root: Path, **options: Any) -> Folder:
    reader = Folder(str(root), **options)
    reader.sounds = True
    return reader


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    root = tmp_path / "birds"
    for name in ("owl/1.jpg", "owl/2.png", "crow/1.jpg", "crow/2.jpg"):
        draw(root / name)
    for name in ("owl/1.wav", "owl/2.FLAC", "crow/1.ogg", "crow/1.mp3", "lone/9.wav"):
        write_wave(root / name)
    write(root / "owl/1.txt", ["an owl"])
    return root


def test_an_empty_folder_in_place_of_a_picture_is_counted(birds: Path) -> None:
    (birds / "crow/2.jpg").unlink()
    (birds / "crow/2.jpg").mkdir()
    records, drops = entries(heard(birds))
    assert sorted(records) == ["crow/1", "owl/1", "owl/2"] and drops == {"crow/2": "not a file"}


def test_a_sound_of_the_same_stem(birds: Path, tmp_path: Path) -> None:
    reader = heard(birds)
    reader.check()
    assert has_of(reader) == ("picture", "sound")
    records, drops = entries(reader)
    assert not drops and {key: r.more.get("sound") for key, r in records.items()} == {
        "crow/1": "crow/1.ogg",
        "crow/2": None,
        "owl/1": "owl/1.wav",
        "owl/2": "owl/2.FLAC",
    }
    assert all(record.captions == () for record in records.values())
    assert reader.class_names() == ["crow", "owl"]
    assert reader.sound(records["owl/1"]) == birds / "owl/1.wav"
    assert reader.sound(records["crow/2"]) is None
    assert reader.files().not_read == {"sounds without a picture": 1}
    data = open_dataset(reader, 8, tmp_path / "cache", quiet=True, workers=1)
    assert data.report["captions"] == 0 and data.vocabulary is None


def test_other_runs_do_not_see_sounds(birds: Path) -> None:
    for name in ("owl/2", "crow/1", "crow/2"):
        write(birds / f"{name}.txt", ["a bird"])
    reader = Folder(str(birds))
    before = reader.fingerprint()
    records, _ = entries(reader)
    assert has_of(reader) == ("picture", "caption") and not records["owl/1"].more
    assert reader.files().not_read == {"other files": 5}
    listens = heard(birds).fingerprint()
    write_wave(birds / "owl/1.wav", 5)
    assert reader.fingerprint() == before and heard(birds).fingerprint() != listens
    write(birds / "owl/1.txt", ["another owl"])
    assert reader.fingerprint() != before


@pytest.mark.parametrize("write_rows", [jsonl, table])
def test_a_column_names_the_sound(tmp_path: Path, write_rows: Any) -> None:
    root = tmp_path / "own"
    for k in range(4):
        draw(root / f"train/{k}.jpg")
    write_wave(root / "train/calls/a.wav")
    write_wave(root / "train/2.wav")
    rows = [
        {"file_name": "0.jpg", "sound": "calls/a.wav", "split": "train", "label": "owl"},
        {"file_name": "1.jpg", "sound": "../../secret.wav", "split": "test", "label": "owl"},
        {"file_name": "2.jpg", "sound": "", "split": "train", "label": "crow"},
        {"file_name": "3.jpg", "sound": "calls/none.wav", "split": "test", "label": "crow"},
        {"file_name": "0.jpg", "sound": "2.wav", "split": "train", "label": "owl"},
        {"file_name": "3.jpg", "sound": "calls.txt", "split": "test", "label": "crow"},
    ]
    file = root / f"train/metadata.{'csv' if write_rows is table else 'jsonl'}"
    write_rows(file, *rows)
    reader = heard(root)
    records, drops = entries(reader)
    place = f"train/{file.name}"
    six = 7 if write_rows is table else 6
    assert drops == {
        f"{place}:{six - 1}": "sound differs from an earlier row of the picture",
        f"{place}:{six}": "format of the sound is none of .wav, .flac, .ogg, .mp3",
    }
    assert splits(records)["train/3"] == "test"
    assert reader.sound(records["train/0"]) == root / "train/calls/a.wav"
    assert reader.sound(records["train/2"]) == root / "train/2.wav"  # of its stem
    for key, reason in (("train/1", "leaves the root"), ("train/3", "missing")):
        with pytest.raises(BadInput, match=reason):
            reader.sound(records[key])
    unheard = Folder(str(root))
    for row in rows[:4]:
        row["text"] = "a bird"
    write_rows(file, *rows[:4])
    assert not entries(unheard)[1]  # whatever stands in the column


def test_nothing_to_hear(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg")
    write(tmp_path / "a.txt", ["one"])
    with pytest.raises(UserError, match=r"no sound in .*; put name\.wav .* beside each") as error:
        heard(tmp_path).check()
    assert "\n" not in str(error.value)
    draw(tmp_path / "b.jpg")
    write_wave(tmp_path / "a.wav")
    (tmp_path / "a.txt").unlink()
    heard(tmp_path).check()  # needs no caption
    with pytest.raises(UserError, match="no captions in"):
        Folder(str(tmp_path)).check()
