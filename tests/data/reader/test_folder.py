"""A user's own pictures: what says captions and classes."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn import BLUE, RED, draw, entries, write
from folder_pictures import classes, jsonl, splits, table, write_many

from experiments.data.reader.folder import Folder
from experiments.data.store.dataset import open_dataset
from experiments.terminal.error import UserError


@pytest.fixture
def many(tmp_path: Path) -> Path:
    return write_many(tmp_path / "many")


@pytest.mark.parametrize("write_rows", [jsonl, table])
@pytest.mark.parametrize("column", ["text", "caption", "captions"])
def test_metadata_in_the_folder(tmp_path: Path, write_rows: Any, column: str) -> None:
    for name in ("a.jpg", "sub/ü b.png"):
        draw(tmp_path / name)
    rows = [
        {"file_name": "a.jpg", column: "a red thing"},
        {"file_name": "sub/ü b.png", column: 'a "red", wide\nthing é'},
        {"file_name": "a.jpg", column: "it is red"},
    ]
    write_rows(tmp_path / f"metadata.{'csv' if write_rows is table else 'jsonl'}", *rows)
    records, drops = entries(Folder(str(tmp_path)))
    assert not drops
    assert {key: record.captions for key, record in records.items()} == {
        "a": ("a red thing", "it is red"),
        "sub/ü b": ('a "red", wide thing é',),
    }
    assert records["sub/ü b"].image == "sub/ü b.png"


def test_metadata_in_a_folder_of_each_split(tmp_path: Path) -> None:
    for split in ("train", "test"):
        draw(tmp_path / split / "0.png")
        row = {"file_name": "0.png", "captions": [f"of {split}", "twice"], "objects": {"x": [1]}}
        jsonl(tmp_path / split / "metadata.jsonl", row)
    records, drops = entries(Folder(str(tmp_path)))
    assert not drops and splits(records) == {"test/0": "test", "train/0": "train"}
    assert records["test/0"].captions == ("of test", "twice")


def test_captions_beside_the_pictures(tmp_path: Path) -> None:
    for name in ("a.jpg", "B.JPEG", "deep/er/c.PNG", "d.webp", "e.BMP"):
        draw(tmp_path / name, BLUE)
        write((tmp_path / name).with_suffix(".txt"), [f"{name} in blue", "", "second"])
    for name in ("README.txt", "License.txt", ".hidden.txt", "__MACOSX/._a.txt", ".git/x.txt"):
        write(tmp_path / name, ["no caption"])
    draw(tmp_path / ".thumbnails/a.jpg")
    reader = Folder(str(tmp_path))
    records, drops = entries(reader)
    assert list(records) == ["B", "a", "d", "deep/er/c", "e"]
    assert records["deep/er/c"].captions == ("deep/er/c.PNG in blue", "second")
    assert drops == {f"{key}#2": "caption is empty" for key in records}
    for record in records.values():
        image = reader.image(record, 20).astype(int)
        assert image.shape == (20, 20, 3) and np.abs(image[:, 6:] - BLUE).max() < 16


def test_metadata_goes_before_what_lies_beside(tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw(tmp_path / f"{name}.jpg")
        write(tmp_path / f"{name}.txt", ["beside"])
    jsonl(tmp_path / "metadata.jsonl", {"file_name": "./a.jpg", "text": "of the metadata"})
    records, drops = entries(Folder(str(tmp_path)))
    assert not drops
    assert [records[key].captions for key in "ab"] == [("of the metadata",), ("beside",)]


def test_names_as_windows_writes_them(tmp_path: Path) -> None:
    for name in ("train/a.jpg", "test/b.jpg"):
        draw(tmp_path / name)
    text = "file_name,text\r\ntrain\\a.jpg,one\r\ntest\\b.jpg,two\r\n"
    (tmp_path / "metadata.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    records, drops = entries(Folder(str(tmp_path)))
    assert not drops and splits(records) == {"test/b": "test", "train/a": "train"}


def test_pictures_that_differ_in_their_suffix_alone(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "b.jpg"):
        draw(tmp_path / name)
    write(tmp_path / "a.txt", ["both"])
    write(tmp_path / "b.txt", ["one"])
    records, drops = entries(Folder(str(tmp_path), test_share=0.5))
    assert not drops and list(records) == ["a.jpg", "a.png", "b"]
    assert records["a.jpg"].split == records["a.png"].split != records["b"].split


def test_folders_are_classes_below_those_of_splits(tmp_path: Path) -> None:
    names = ["train/birds/owl/1", "train/birds/owl/2", "train/cat/1", "test/cat/2", "test/3"]
    for name in names:
        draw(tmp_path / f"{name}.png")
        write(tmp_path / f"{name}.txt", ["x"])
    reader = Folder(str(tmp_path))
    records, _ = entries(reader)
    told = ["birds/owl", "birds/owl", "cat", "cat", "test/3"]  # the last is a class of its own
    assert classes(reader, records) == dict(zip(names, told, strict=True))
    assert splits(records) == {name: name.partition("/")[0] for name in names}


@pytest.mark.parametrize("column", ["label", "class"])
def test_labels_go_before_folders(tmp_path: Path, column: str) -> None:
    for number in range(4):
        draw(tmp_path / f"images/{number}.png")
    rows = [{"file_name": f"images/{n}.png", "text": "x", column: n % 2} for n in range(3)]
    jsonl(tmp_path / "metadata.jsonl", *rows, {"file_name": "images/3.png", "text": "x"})
    reader = Folder(str(tmp_path))
    records, _ = entries(reader)
    assert list(classes(reader, records).values()) == ["0", "1", "0", "images"]


@pytest.mark.parametrize("folder", ["", "images/"])
def test_where_no_two_classes_are_told_each_picture_is_one(tmp_path: Path, folder: str) -> None:
    """Pairs of one class are no negatives for DAMSM: a single class would teach it nothing."""
    for number in range(3):
        draw(tmp_path / f"{folder}{number}.png")
        write(tmp_path / f"{folder}{number}.txt", ["x"])
    reader = Folder(str(tmp_path))
    records, _ = entries(reader)
    assert sorted(record.label for record in records.values()) == [0, 1, 2]
    assert reader.class_names() == sorted(records)


def test_fingerprint_follows_content_and_settings(many: Path) -> None:
    first = Folder(str(many)).fingerprint()
    assert Folder(str(many)).fingerprint() == first
    (many / ".DS_Store").write_bytes(b"x")
    (many / "README.txt").write_text("mine")
    assert Folder(str(many)).fingerprint() == first
    seen = {first, Folder(str(many), split="classes").fingerprint()}
    seen.add(Folder(str(many), test_share=0.2).fingerprint())
    write(many / "kind00/0.txt", ["another caption"])
    seen.add(Folder(str(many)).fingerprint())
    (many / "kind01").rename(many / "kind99")
    seen.add(Folder(str(many)).fingerprint())
    assert len(seen) == 5
    fingerprint = Folder(str(many)).fingerprint()
    assert Folder(str(many.rename(many.with_name("moved")))).fingerprint() == fingerprint


def test_opens_as_a_data_set(many: Path, tmp_path: Path) -> None:
    data = open_dataset(Folder(str(many)), 16, tmp_path / "cache", quiet=True, workers=1)
    assert len(data.train) + len(data.test) == 60 and len(data.test) >= 1
    assert data.report["classes"]["train"] == 20 and not data.report["dropped"]
    copy = pickle.loads(pickle.dumps(Folder(str(many))))
    assert copy.fingerprint() == Folder(str(many)).fingerprint()


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"split": "class"}, "split"),
        ({"test_share": 0.0}, "test_share"),
        ({"test_share": 1.0}, "test_share"),
        ({"captions_per_image": 0}, "captions_per_image"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], key: str) -> None:
    with pytest.raises(UserError, match=re.escape(f"data.reader.{key}")):
        Folder("x", **options)


def test_fewer_captions(tmp_path: Path) -> None:
    for name in "ab":
        draw(tmp_path / f"{name}.jpg", RED)
        write(tmp_path / f"{name}.txt", ["one", "two", "three"])
    records, _ = entries(Folder(str(tmp_path), captions_per_image=2))
    assert {record.captions for record in records.values()} == {("one", "two")}
