"""`data.limit`: fewer records of each split, for a trial."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from drawn import draw

from experiments.data.reader.folder import Folder
from experiments.data.reader.plumage import Plumage
from experiments.data.record import Drop, Record
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.limit import within
from experiments.data.store.table import make_report, read_report, require_few_drops
from experiments.terminal.error import UserError


def records(split: str, sizes: list[int]) -> list[Record]:
    """So many of each class, class after class."""
    return [
        Record(f"{split}{label}/{row}", ("a",), label, split)  # type: ignore[arg-type]
        for label, size in enumerate(sizes)
        for row in range(size)
    ]


@pytest.mark.parametrize(
    ("sizes", "limit", "expected"),
    [
        ([5, 5, 5], 6, [2, 2, 2]),
        ([1, 9, 3], 6, [1, 3, 2]),  # what one class lacks, others give
        ([4, 4, 4], 2, [1, 1, 0]),
        ([2, 1], 9, [2, 1]),
    ],
)
def test_classes_take_turns(sizes: list[int], limit: int, expected: list[int]) -> None:
    found = within(records("train", sizes), limit)
    counts = Counter(record.label for record in found)
    assert [counts[label] for label in range(len(sizes))] == expected
    assert found == sorted(found, key=lambda record: (record.label, record.key))


def test_splits_are_limited_apart_and_nothing_changes_without_a_limit() -> None:
    every = [*records("train", [9, 9]), *records("test", [1, 9])]
    counts = Counter((r.split, r.label) for r in within(every, 4))
    assert counts == {("train", 0): 2, ("train", 1): 2, ("test", 0): 1, ("test", 1): 3}
    assert within(every, None) == every


class Drawn(Plumage):
    """Counts the pictures that it draws."""

    def __init__(self) -> None:
        super().__init__(images_per_species=6, species=6, test_species=2)
        self.drawn = 0

    def image(self, record: Record, size: int):  # type: ignore[no-untyped-def]
        self.drawn += 1
        return super().image(record, size)


def opened(cache: Path, reader: Plumage, limit: int | None) -> Dataset:
    return open_dataset(reader, 8, cache, quiet=True, workers=1, limit=limit)


def test_only_what_is_kept_is_drawn_and_the_rest_is_counted_and_told(tmp_path: Path) -> None:
    reader = Drawn()
    few = opened(tmp_path, reader, 8)
    assert reader.drawn == 16
    assert Counter(few.train.labels.tolist()) == dict.fromkeys(range(4), 2)
    assert Counter(few.test.labels.tolist()) == {4: 4, 5: 4}
    assert "; data.limit leaves 20 out" in few.summary
    report = read_report(few.folder / "report.json")
    assert (report["read"], report["beyond_limit"], report["dropped"]) == (36, 20, 0)
    assert few.class_names == reader.class_names()


def test_what_cannot_be_used_is_held_against_what_was_looked_at(tmp_path: Path) -> None:
    """Two of 400 pictures are none: few of all, half of those that a limit of 2 leaves."""
    root = tmp_path / "many"
    for number in range(400):
        path = root / f"{number:03d}.png"
        draw(path, size=(5, 5))
        path.with_suffix(".txt").write_text("a red bird")
    reader = Folder(str(root))
    found: dict[str, list[str]] = {"train": [], "test": []}
    for record in reader.read():
        assert isinstance(record, Record)
        found[record.split].append(record.image)
    for image in found["test"][:2]:
        (root / image).write_bytes(b"no picture")

    def kept(limit: int | None) -> Dataset:
        return open_dataset(reader, 4, tmp_path / "cache", quiet=True, workers=1, limit=limit)

    assert kept(None).report["dropped"] == 2
    with pytest.raises(UserError, match=r"2 of 4 records looked at \(50\.0%\).*'not a picture'"):
        kept(2)
    with pytest.raises(UserError, match=r"1 of 2 records looked at"):
        kept(1)


def test_a_split_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    """Few of all, and all that there was to test on."""
    good, lost = records("train", [500]), records("test", [1])
    bad = [Drop(lost[0].key, "not a picture")]
    report = make_report("many", good, [], 90, bad, [*good, *lost])
    with pytest.raises(UserError, match="none of 1 record of the test split"):
        require_few_drops(report, tmp_path)
    require_few_drops(make_report("many", good, []), tmp_path)  # data without a test split


def test_each_limit_is_a_data_set_of_its_own(tmp_path: Path) -> None:
    few, more, whole = (opened(tmp_path, Drawn(), limit) for limit in (4, 8, None))
    assert len({few.fingerprint, more.fingerprint, whole.fingerprint}) == 3
    assert [len(found.train) for found in (few, more, whole)] == [4, 8, 24]
    assert "data.limit" not in whole.summary
    shared = {key: row for row, key in enumerate(whole.train.keys)}
    rows = [shared[key] for key in few.train.keys]
    assert (few.train.images[:] == whole.train.images[rows]).all()


def test_a_limit_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.limit=0: must be"):
        opened(tmp_path, Drawn(), 0)
