"""Very many records: the same data set, kept in files and not in lists."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_reader import TinyReader

from benchmarks import millions
from experiments.data.record import Record
from experiments.data.store import spool
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.item import prepare_items
from experiments.data.store.mapped_arrays import open_mapped
from experiments.data.store.spool import Joined, Spool, spooled
from experiments.data.store.table import TableRecords
from experiments.data.store.text import TextLists, Texts
from experiments.terminal.error import UserError


def opened(cache: Path, reader: TinyReader | None = None) -> Dataset:
    return open_dataset(reader or TinyReader(), 8, cache, quiet=True, workers=1)


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Dataset, Dataset]:
    """One data set, as a small one and as a large one."""
    small = opened(tmp_path / "small")
    monkeypatch.setattr(spool, "LARGE", 3)
    monkeypatch.setattr("experiments.data.store.mapped_arrays.BLOCK", 4)
    return small, opened(tmp_path / "large")


def same(a: Dataset, b: Dataset) -> None:
    for one, other in ((a.train, b.train), (a.test, b.test)):
        assert list(one.keys) == list(other.keys)
        assert [list(texts) for texts in one.captions] == [list(texts) for texts in other.captions]
        for name in ("labels", "attributes", "caption_start", "caption_image", "tokens", "lengths"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
        np.testing.assert_array_equal(one.mentions, other.mentions)
        rows = np.arange(len(one))
        np.testing.assert_array_equal(one.images[rows], other.images[rows])
    captions = np.arange(len(a.train.lengths))[::-1]
    for mine, theirs in zip(a.train.read(captions), b.train.read(captions), strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype == np.int64


def test_a_large_data_set_is_the_small_one_in_files(both: tuple[Dataset, Dataset]) -> None:
    small, large = both
    same(small, large)
    assert small.fingerprint == large.fingerprint and small.summary.replace(
        str(small.folder), ""
    ) == large.summary.replace(str(large.folder), "")
    assert list(small.class_names) == list(large.class_names)
    assert isinstance(large.train.tokens, np.memmap) and large.train.tokens.dtype == np.uint16
    assert isinstance(large.train.keys, Texts) and isinstance(large.train.captions, TextLists)
    assert not list(large.folder.glob("arrays-*.npz"))
    same(small, opened(large.folder.parents[1]))  # opened again


def test_its_table_stays_in_its_file(both: tuple[Dataset, Dataset]) -> None:
    small, large = both
    records = large.records()
    assert isinstance(records, TableRecords)
    assert list(records) == list(small.records()) and records[2:5] == list(small.records())[2:5]
    assert records[-1] == small.records()[-1]


def test_some_of_it_and_what_views_store(both: tuple[Dataset, Dataset]) -> None:
    small, large = both
    chosen = np.arange(len(small.train)) % 3 != 1
    same(
        Dataset(**vars(small) | {"train": small.train.only(chosen)}),
        Dataset(**vars(large) | {"train": large.train.only(chosen)}),
    )
    stores = [prepare_items(d, "letters", letters, {}) for d in both]
    for split in (small.train, small.test):
        one, other = (store.of(list(split.keys)) for store in stores)
        np.testing.assert_array_equal(one.values, other.values)


def letters(reader: object, record: Record) -> list[np.ndarray]:
    return [np.frombuffer(record.key.encode(), np.uint8)]


def test_what_is_damaged_says_so(both: tuple[Dataset, Dataset]) -> None:
    folder = both[1].folder / "arrays-18"
    words = len(both[1].vocabulary or ())
    open_mapped(folder, words)
    with pytest.raises(UserError, match="not the words of these captions"):
        open_mapped(folder, 2)
    np.save(folder / "labels.npy", np.zeros(2, np.int64))
    with pytest.raises(UserError, match="arrays of different lengths"):
        open_mapped(folder, words)
    (folder / "tokens.npy").write_bytes(b"no array")
    with pytest.raises(UserError, match=r"tokens\.npy: cannot be read"):
        open_mapped(folder, words)


@pytest.mark.parametrize("count", [0, 5, 255, 256, 257, 1030])
def test_a_spool_is_a_list(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "LARGE", 300)
    items = [("x" * (n % 7), n) for n in range(count)]
    made: Spool[tuple[str, int]] = Spool()
    for item in items:
        made.append(item)
    assert list(made) == items and len(made) == count and made[: count // 2] == items[: count // 2]
    assert all(made[n] == items[n] for n in range(0, count, 50))
    joined = Joined(made, items)
    assert list(joined) == items * 2 and joined[count : count + 3] == items[:3]
    assert isinstance(spooled(items), list) == (count <= 300)


@pytest.mark.slow
def test_three_million_pictures_open_in_two_gib(tmp_path: Path) -> None:
    """Prepared and opened, five captions each: the bytes of a thousand pictures under all keys.
    They are read where they lie, and a run that begins in the middle has the same batch."""
    command = [sys.executable, "-m", "benchmarks.millions", str(tmp_path), "3000000"]
    command.append("--store=stream")
    top = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=top, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["records"] == 3_000_000 and told["gib"] < 2 and told["resumed_bit_for_bit"]


def test_the_same_of_three_thousand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "LARGE", 1000)
    monkeypatch.setattr(millions, "GROUP", 100)
    monkeypatch.setattr(millions, "BATCHES", 5)
    place = millions.write(tmp_path / "set", 3000)
    told = millions.opened(place, tmp_path / "cache", "stream")
    assert told["records"] == 3000 and told["resumed_bit_for_bit"]
    assert millions.opened(place, tmp_path / "cache", "stream")["records"] == 3000
    assert not list((tmp_path / "cache").rglob("images-*"))


def test_texts_of_any_script() -> None:
    words = ["", "Eule", "フクロウ", "a b", ""]
    content = np.frombuffer("".join(words).encode(), np.uint8)
    ends = np.cumsum([0, *(len(word.encode()) for word in words)])
    texts = Texts(content, ends)
    assert list(texts) == words and texts[-2] == "a b" and texts[1:4] == words[1:4]
    assert list(texts.between(1, 3)) == words[1:3]
    assert list(texts.taken(np.array([3, 2, 0]))) == ["a b", "フクロウ", ""]
    lists = TextLists(texts, np.array([0, 2, 2, 5]))
    assert list(lists) == [["", "Eule"], [], ["フクロウ", "a b", ""]] and lists[2][0] == "フクロウ"
    with pytest.raises(IndexError):
        texts[5]
