"""What is made in parts: a process that is killed loses one of them, and says no damaged one."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from tiny_reader import TinyReader, sung

from experiments.data.record import Record
from experiments.data.store import part
from experiments.data.store.dataset import Dataset
from experiments.data.store.item import prepare_items
from experiments.terminal.error import UserError

STRETCH = 8
SLOW = f"""
import sys, time
from pathlib import Path
from experiments.data.store import part
from experiments.data.store.dataset import open_dataset
from experiments.data.store.item import prepare_items
from tiny_reader import TinyReader, sung

part.STRETCH = {STRETCH}

def slow(reader, record):
    if record.key.endswith("_25"):
        Path(sys.argv[2]).touch()
        time.sleep(600)
    return sung(reader, record)

data = open_dataset(TinyReader(), 8, Path(sys.argv[1]), quiet=True, workers=1)
prepare_items(data, "song", slow, {{}}, workers=1)
"""


class Noted:
    """Makes songs, and keeps the numbers of the records that it was asked for."""

    def __init__(self) -> None:
        self.made: list[int] = []

    def __call__(self, reader: TinyReader, record: Record) -> Sequence[np.ndarray]:
        self.made.append(int(record.key.rpartition("_")[2]))
        return sung(reader, record)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "STRETCH", STRETCH)


@pytest.fixture
def killed(
    tmp_path: Path, environment: dict[str, str], open_tiny: Callable[..., Dataset]
) -> Dataset:
    """The data set after a process died in the middle of its songs, at the 21st record of 40, where
    those to train on come first."""
    data, there = open_tiny(), tmp_path / "there"
    run = [sys.executable, "-c", SLOW, str(tmp_path / "cache"), str(there)]
    process = subprocess.Popen(run, env=environment)
    end = time.monotonic() + 120
    while not there.exists() and time.monotonic() < end:
        assert process.poll() is None, "it ended by itself"
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert there.exists()
    return data


def parts_of(data: Dataset) -> list[Path]:
    return sorted(data.folder.glob("song-*.parts/*.npz"))


def test_who_follows_a_killed_process_makes_the_rest_alone(killed: Dataset) -> None:
    assert [path.name for path in parts_of(killed)] == ["00000.npz", "00001.npz"]
    noted = Noted()
    store = prepare_items(killed, "song", noted, {}, workers=1)
    numbers = [int(record.key.rpartition("_")[2]) for record in killed.records()]
    assert noted.made == numbers[2 * STRETCH :]
    assert not list(killed.folder.glob("*.parts")), "what was joined is not kept twice"
    whole = prepare_items(killed, "song", sung, {"anew": True}, workers=1)
    assert store.keys == whole.keys
    assert np.array_equal(store.items.values, whole.items.values)
    assert np.array_equal(store.items.lengths, whole.items.lengths)
    assert np.array_equal(store.items.start, whole.items.start)


def test_a_damaged_part_is_one_line(killed: Dataset) -> None:
    parts_of(killed)[0].write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(UserError, match=r"00000\.npz: .*damaged") as error:
        prepare_items(killed, "song", sung, {}, workers=1)
    assert "\n" not in str(error.value)


def test_an_item_that_cannot_be_made_leaves_the_numbers_of_the_others(
    open_tiny: Callable[..., Dataset],
) -> None:
    def make(reader: TinyReader, record: Record) -> list[np.ndarray | str]:
        number = float(record.key.rpartition("_")[2])
        first, last = (np.full((2, 3), number + k, np.float16) for k in (0.0, 0.5))
        return [first, "sound is silent" if number == 11 else "", last]

    data = open_tiny()
    for _ in range(2):  # made, and read again
        store = prepare_items(data, "song", make, {}, workers=1)
        assert [(drop.key, drop.of, drop.reason) for drop in store.missing] == [
            ("002.class/image_11#1", "002.class/image_11", "sound is silent")
        ]
        assert not store.drops
        items = store.of(["002.class/image_11", "000.class/image_4"])
        assert items.lengths.tolist() == [2, 0, 2, 2, 0, 2]
        assert [items.of(k)[0, 0] for k in (0, 2, 3, 5)] == [11, 11.5, 4, 4.5]
