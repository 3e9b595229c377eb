"""Who stands where, and what the key says."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from experiments.human.key import KEY, Key, arranged, read_key, write_key
from experiments.terminal.error import UserError

from .conftest import make_key


@pytest.mark.parametrize(("captions", "runs"), [(20, 3), (7, 4), (50, 5), (3, 7)])
def test_every_run_stands_at_every_place_equally_often(captions: int, runs: int) -> None:
    orders = arranged(captions, runs, seed=3)
    assert len(orders) == captions
    assert all(sorted(order) == list(range(runs)) for order in orders)
    least, more = divmod(captions, runs)
    for place in range(runs):
        counts = Counter(order[place] for order in orders)
        assert all(least <= counts[run] <= least + (more > 0) for run in range(runs))


def test_the_order_differs_by_caption_and_by_seed() -> None:
    orders = arranged(12, 4, seed=0)
    # Within a square no run keeps its place.
    for first in range(0, 12, 4):
        for place in range(4):
            assert len({order[place] for order in orders[first : first + 4]}) == 4
    assert orders == arranged(12, 4, seed=0) != arranged(12, 4, seed=1)
    assert len({tuple(order) for order in arranged(100, 3, seed=0)}) == 6


def test_codes_are_all_different_and_say_nothing() -> None:
    key = make_key(captions=30)
    codes = [code for row in key.codes for code in row]
    assert len(set(codes)) == 90
    assert all(len(code) == 12 and int(code, 16) >= 0 for code in codes)
    assert make_key(30).codes == key.codes
    assert [list(row) for row in make_key(30, seed=1).codes] != [list(row) for row in key.codes]


def test_a_key_is_read_as_it_was_written(key: Key, tmp_path: Path) -> None:
    path = write_key(key, tmp_path)
    assert read_key(path) == key
    assert [list(row) for row in read_key(path).codes] == [list(row) for row in key.codes]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("runs"),
        lambda content: content["captions"].clear(),
        lambda content: content["captions"][0]["pictures"].popitem(),
        lambda content: content.update(page="../../etc"),
        lambda content: content.update(captions=3),
    ],
)
def test_a_damaged_key(key: Key, tmp_path: Path, spoil: object) -> None:
    path = write_key(key, tmp_path)
    content = json.loads(path.read_text())
    spoil(content)  # type: ignore[operator]
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=f"{KEY}: is damaged"):
        read_key(path)
