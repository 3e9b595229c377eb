from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_reader import TinyReader

from experiments.data.record import Drop, Record
from experiments.data.store.read import read_records
from experiments.data.store.table import (
    make_report,
    read_table,
    require_few_drops,
    table_exists,
    write_table,
)
from experiments.terminal.error import UserError

GOOD = Record("a", ("a bird",), 0, "train")


class Listed(TinyReader):
    """Reads the records that it is given."""

    def __init__(self, *records: Record) -> None:
        super().__init__(count=5)
        self.records = records

    def read(self) -> Iterator[Record | Drop]:
        yield from self.records


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"captions": ()}, "no caption"),
        ({"captions": ("...", "🐦")}, "no caption"),
        ({"label": 1}, "label"),
        ({"label": -1}, "label"),
        ({"split": "val"}, "split"),
        ({"key": "../x"}, "key"),
        ({"mentions": ((), ())}, "mentions"),
        ({"attributes": {"crown": "pink"}}, "attribute"),
        ({"mentions": (("wing",),)}, "attribute"),
    ],
)
def test_unusable_records_are_dropped_with_a_reason(change: dict[str, Any], reason: str) -> None:
    records, drops = read_records(Listed(GOOD, replace(GOOD, **{"key": "b", **change})))
    assert records == [GOOD]
    assert len(drops) == 1
    assert reason in drops[0].reason


def test_a_key_is_used_once() -> None:
    records, drops = read_records(Listed(GOOD, replace(GOOD, captions=("another",))))
    assert records == [GOOD]
    assert drops == [Drop("a", "key appears twice")]


def test_empty_captions_take_their_mentions_along() -> None:
    record = replace(GOOD, captions=("?", " a\nred  bird "), mentions=((), ("crown",)))
    records, drops = read_records(Listed(record))
    assert drops == [Drop("a#0", "caption without a word")]
    assert records[0].captions == ("a red bird",)
    assert records[0].mentions == (("crown",),)


def test_the_training_split_comes_first_in_the_order_read() -> None:
    records, _ = read_records(TinyReader(count=10))
    assert [int(record.key.split("_")[1]) for record in records] == [0, 1, 2, 3, 5, 6, 7, 8, 4, 9]


def test_the_report_counts() -> None:
    records, drops = read_records(TinyReader(count=10, dropped=3))
    report = make_report("tiny", records, drops)
    assert report["read"] == 13
    assert report["kept"] == {"train": 8, "test": 2}
    assert report["classes"] == {"train": 2, "test": 2}
    assert report["classes_in_both_splits"] == 2
    assert report["reasons"] == {"no picture file": 3}
    assert report["examples"][0] == {"key": "lost_0", "reason": "no picture file"}


@pytest.mark.parametrize(("dropped", "fails"), [(0, False), (2, False), (3, True)])
def test_more_than_one_percent_dropped_stops(dropped: int, fails: bool, tmp_path: Path) -> None:
    drops = [Drop(str(k), "no file") for k in range(dropped)]
    records = [replace(GOOD, key=f"r{k}") for k in range(200 - dropped)]
    report = make_report("tiny", records, drops)
    if not fails:
        return require_few_drops(report, tmp_path / "report.json")
    with pytest.raises(UserError, match=r"3 of 200 .*'no file' \(3\).*report\.json"):
        require_few_drops(report, tmp_path / "report.json")
    return None


def test_captions_are_counted_apart_from_records() -> None:
    """Three records, one of which was dropped with all its captions."""
    records = [replace(GOOD, key="r1", captions=("a",) * 9), replace(GOOD, key="r2")]
    lost = {"r1#4": "empty", "r3#0": "empty", "r3": "no caption", "r2#0": "?"}
    drops = [
        Drop(key, reason, of=key.partition("#")[0] if "#" in key else "")
        for key, reason in lost.items()
    ]
    report = make_report("tiny", records, drops)
    assert (report["read"], report["dropped"], report["reasons"]) == (3, 1, {"no caption": 1})
    assert (report["captions"], report["captions_dropped"]) == (10, 2)
    assert report["caption_reasons"] == {"empty": 1, "?": 1}


def test_a_record_whose_name_looks_like_a_caption_is_counted() -> None:
    report = make_report("tiny", [GOOD], [Drop("bird#1", "file is empty")])
    assert (report["read"], report["dropped"], report["captions_dropped"]) == (2, 1, 0)


@pytest.mark.parametrize(("dropped", "fails"), [(20, False), (21, True)])
def test_one_percent_of_captions_may_be_dropped_without_losing_a_record(
    dropped: int, fails: bool, tmp_path: Path
) -> None:
    """Of 100 records with 20 captions, some have lost one."""
    counts = [19 if k < dropped else 20 for k in range(100)]
    records = [replace(GOOD, key=f"r{k}", captions=("a",) * n) for k, n in enumerate(counts)]
    report = make_report(
        "tiny", records, [Drop(f"r{k}#0", "not UTF-8", of=f"r{k}") for k in range(dropped)]
    )
    if not fails:
        return require_few_drops(report, tmp_path / "report.json")
    with pytest.raises(UserError, match=r"21 of 2000 captions .*'not UTF-8' \(21\)"):
        require_few_drops(report, tmp_path / "report.json")
    return None


def test_nothing_to_train_on_stops(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no record was found"):
        require_few_drops(make_report("tiny", [], []), tmp_path)
    with pytest.raises(UserError, match="training split"):
        require_few_drops(make_report("tiny", [replace(GOOD, split="test")], []), tmp_path)


def test_the_table_returns_the_records(tmp_path: Path) -> None:
    records, _ = read_records(TinyReader())
    assert not table_exists(tmp_path)
    write_table(records, tmp_path)
    write_table(records, tmp_path)
    assert table_exists(tmp_path)
    assert (tmp_path / "table" / "state.json").exists()
    moved = tmp_path.with_name(tmp_path.name + "-moved")
    tmp_path.rename(moved)
    assert read_table(moved) == records
    moved.rename(tmp_path)


def test_without_datasets_lines_hold_the_same(tmp_path: Path, environment: dict[str, str]) -> None:
    script = """
import sys
from pathlib import Path
sys.modules["datasets"] = None
from experiments.data.store.read import read_records
from experiments.data.store.table import read_table, table_exists, write_table
from tiny_reader import TinyReader
records, _ = read_records(TinyReader())
write_table(records, Path(sys.argv[1]))
assert table_exists(Path(sys.argv[1])) and read_table(Path(sys.argv[1])) == records
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, env=environment)
    assert not (tmp_path / "table").exists()
    assert read_table(tmp_path) == read_records(TinyReader())[0]
