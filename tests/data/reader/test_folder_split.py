"""A user's own pictures: what is trained on, and what is kept for the test."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawn import draw, entries, write
from folder_pictures import classes, jsonl, splits, write_many

from experiments.data.layout.folder import hashed_share
from experiments.data.reader.folder import Folder
from experiments.terminal.error import UserError


@pytest.fixture
def many(tmp_path: Path) -> Path:
    return write_many(tmp_path / "many")


def test_a_share_of_the_pictures_is_for_the_test(many: Path) -> None:
    before = splits(entries(Folder(str(many)))[0])
    assert 1 <= list(before.values()).count("test") <= 15  # about 6 of 60
    more = splits(entries(Folder(str(many), test_share=0.5))[0])
    assert 18 <= list(more.values()).count("test") <= 42
    assert all(more[key] == "test" for key, split in before.items() if split == "test")
    for number in range(60, 90):
        path = many / f"kind00/{number}.png"
        path.write_bytes((many / "kind00/0.png").read_bytes())
        write(path.with_suffix(".txt"), ["later"])
    after = splits(entries(Folder(str(many)))[0])
    assert {key: after[key] for key in before} == before


def test_classes_of_the_test_are_never_seen(many: Path) -> None:
    reader = Folder(str(many), split="classes", test_share=0.3)
    records, _ = entries(reader)
    told = classes(reader, records)
    train, test = (
        {told[key] for key, split in splits(records).items() if split == s}
        for s in ("train", "test")
    )
    assert train and test and not train & test and len(train | test) == 20
    assert test == hashed_share((f"kind{k:02d}" for k in range(20)), 0.3)


@pytest.mark.parametrize("share", [1e-9, 0.5, 1 - 1e-9])
@pytest.mark.parametrize("count", [2, 3, 40])
def test_both_parts_have_one_at_least(share: float, count: int) -> None:
    chosen = hashed_share(map(str, range(count)), share)
    assert 1 <= len(chosen) < count


def test_share_of_none_and_of_one() -> None:
    assert hashed_share([], 0.5) == hashed_share(["a", "a"], 0.5) == frozenset()


def lay(root: Path, *names: str, **column: str) -> Folder:
    """Pictures with captions; `column`: their column `split`, by stem."""
    for name in names:
        draw(root / f"{name}.png")
        write(root / f"{name}.txt", ["x"])
    rows = [{"file_name": f"{n}.png", "text": "x", "split": column[n]} for n in column]
    if rows:
        jsonl(root / "metadata.jsonl", *rows)
    return Folder(str(root), test_share=0.5)


def test_validation_is_the_test_where_there_is_no_other(tmp_path: Path) -> None:
    two = lay(tmp_path / "two", "train/a", "Validation/b")
    assert splits(entries(two)[0]) == {"Validation/b": "test", "train/a": "train"}
    three = lay(tmp_path / "three", "train/a", "val/b", "test/c")
    assert splits(entries(three)[0]) == {"test/c": "test", "train/a": "train", "val/b": "train"}


def test_the_column_goes_before_the_folder(tmp_path: Path) -> None:
    names = {"a": "Train", "b": "TEST", "c": "dev", "d": "training"}
    assert splits(entries(lay(tmp_path, *names, **names))[0]) == {
        "a": "train",
        "b": "test",
        "c": "train",
        "d": "train",
    }


@pytest.mark.parametrize("folder", ["train", "test"])
def test_a_split_of_one_part_is_none(tmp_path: Path, folder: str) -> None:
    reader = lay(tmp_path, *(f"{folder}/{number}" for number in range(12)))
    assert set(splits(entries(reader)[0]).values()) == {"train", "test"}


def test_a_picture_outside_of_the_given_split_is_dropped(tmp_path: Path) -> None:
    records, drops = entries(lay(tmp_path, "train/a", "test/b", "c"))
    assert drops == {"c": "no split, where others have one"} and len(records) == 2


def test_two_classes_are_needed_to_split_by_them(tmp_path: Path) -> None:
    lay(tmp_path, "a", "b")
    with pytest.raises(UserError, match=r"data\.reader\.split=classes: .*a column label") as caught:
        entries(Folder(str(tmp_path), split="classes"))
    assert "\n" not in str(caught.value)
    given = lay(tmp_path / "given", "train/a", "test/b")
    given.split = "classes"
    assert set(splits(entries(given)[0]).values()) == {"train", "test"}  # given, so not made
