"""Arrays of every record in one file: written by one process or several, read back, and damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_reader import TinyReader, sung

from experiments.data.store.dataset import Dataset
from experiments.data.store.item import COUNTS, KEYS, LEFT_OUT, LENGTHS, VALUES, prepare_items
from experiments.terminal.error import UserError

FILES = (VALUES, LENGTHS, COUNTS, KEYS, LEFT_OUT)


@pytest.fixture
def data(open_tiny: Callable[..., Dataset]) -> Dataset:
    return open_tiny(count=40, bad_large=(7,))


def folder_of(data: Dataset) -> Path:
    return next(data.folder.glob("song-*"))


def test_it_gives_back_what_was_made(data: Dataset) -> None:
    store = prepare_items(data, "song", sung, {})
    assert [(drop.key, drop.reason) for drop in store.drops] == [
        ("001.class/image_7", "nothing is heard")
    ]
    records = {record.key: record for record in data.records()}
    keys = [key for key in reversed(data.train.keys) if not key.endswith("_7")]
    items = store.of(keys)
    assert len(items) == len(keys) and items.shape == (2,)
    for row, key in enumerate(keys):
        expected = sung(TinyReader(), records[key])
        numbers = range(items.start[row], items.start[row + 1])
        assert len(numbers) == len(expected)
        for number, item in zip(numbers, expected, strict=True):
            assert np.array_equal(items.of(number), item)
    last = items.at(np.arange(len(keys)), np.full(len(keys), 0.999))
    assert last.tolist() == (items.start[1:] - 1).tolist()
    padded, lengths = items.padded(last, 1)
    assert padded.shape == (len(keys), 1, 2) and set(lengths.tolist()) == {0, 1}
    assert all(not row.any() for row, length in zip(padded, lengths, strict=True) if length == 0)


def test_several_processes_write_the_same(data: Dataset) -> None:
    prepare_items(data, "song", sung, {}, workers=1)
    prepare_items(data, "song", sung, {"other": 1}, workers=2)
    one, other = sorted(data.folder.glob("song-*"))
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in FILES)


def test_it_is_made_once(data: Dataset) -> None:
    def refuse(*_: object) -> list[np.ndarray]:
        raise AssertionError("it is there already")

    prepare_items(data, "song", sung, {})
    prepare_items(data, "song", refuse, {})
    with pytest.raises(AssertionError, match="there already"):
        prepare_items(data, "song", refuse, {"rate": 2})
    assert len(list(data.folder.glob("song-*"))) == 1, "a failure leaves nothing"


def test_no_record_with_anything_is_told(data: Dataset) -> None:
    with pytest.raises(UserError, match=r"tiny: no record has a song .* \(it has none\)"):
        prepare_items(data, "song", lambda *_: [], {})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (VALUES, b"x"),
        (LENGTHS, b"\x93NUMPY"),
        (COUNTS, b""),
        (KEYS, b"[1]"),
        (KEYS, b'["a"]'),
        (LEFT_OUT, b"[]"),
        (LEFT_OUT, b"{"),
    ],
)
def test_damage_is_told_in_a_line(data: Dataset, name: str, content: bytes) -> None:
    prepare_items(data, "song", sung, {})
    (folder_of(data) / name).write_bytes(content)
    with pytest.raises(UserError, match=r"song-.*(damaged|cannot be read)") as error:
        prepare_items(data, "song", sung, {})
    assert "\n" not in str(error.value)


def test_the_records_must_be_its_own(data: Dataset) -> None:
    with pytest.raises(UserError, match="not those of these records"):
        prepare_items(data, "song", sung, {}).of(["another"])
