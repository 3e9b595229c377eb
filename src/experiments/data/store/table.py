"""A reader's records, validated once, as a Hugging Face `datasets` table on disk, and a report.

The table holds one row per record: key, image, captions, label, split, box, attributes (JSON),
mentions, more (JSON). Where `datasets` is not installed the same rows are lines of `records.jsonl`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import json
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.layout.caption_files import EMPTY
from experiments.data.record import Drop, Record
from experiments.data.store import spool
from experiments.data.store.picture import damaged, read_json
from experiments.data.store.row import record_of, row_of
from experiments.data.store.spool import CHUNK, Chunks
from experiments.file.whole import atomic
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.line import number_of

TABLE, LINES, REPORT = "table", "records.jsonl", "report.json"
MAX_DROPPED = 0.01  # of the records read, and of the captions
MAX_EMPTY = 0.5  # where what is empty, which costs its record alone, is the most of it
EXAMPLES = 20
BLOCK = 10_000  # rows of a large table that are written together
LONGEST_KEY = 300  # letters of a key in a report
OF_CAPTIONS = ("speech",)  # names in `more` of what each caption has one of


def make_report(
    name: str,
    records: Sequence[Record],
    drops: list[Drop],
    beyond: int = 0,
    bad: Sequence[Drop] = (),
    wanted: Sequence[Record] = (),
    looked_for: str = "",
) -> dict[str, Any]:
    """What was read, kept and dropped, in numbers and by reason, with the first examples.

    Records and captions are counted apart: "read", "dropped" and "reasons" are of records,
    "captions_dropped" and "caption_reasons" of captions that were dropped from records that stay.
    `beyond`: records that `data.limit` leaves out. `bad`: those of the rest, which are `wanted`,
    whose pictures cannot be used. `looked_for`: as a reader says where it found nothing to use.
    """
    drops = [*drops, *bad]
    labels = {split: array("q") for split in ("train", "test")}
    captions_of = 0
    for record in records:
        labels[record.split].append(record.label)
        captions_of += len(record.captions)
    splits = Counter({split: len(found) for split, found in labels.items()})
    if wanted:
        splits = Counter[str](record.split for record in wanted)
    classes = {split: np.unique(np.array(found, np.int64)) for split, found in labels.items()}
    lost = [drop.reason for drop in drops if not drop.of]
    named = {drop.of for drop in drops if drop.of}
    keys = {record.key for record in records if record.key in named} if named else set()
    captions = [drop.reason for drop in drops if drop.of in keys]
    return {
        "name": name,
        "read": len(records) + beyond + len(lost),
        "beyond_limit": beyond,
        "looked_at": {split: splits[split] for split in labels},
        "picture_reasons": dict(Counter(drop.reason for drop in bad).most_common()),
        "kept": {split: len(found) for split, found in labels.items()},
        "captions": captions_of,
        "classes": {split: len(found) for split, found in classes.items()},
        "classes_in_both_splits": len(np.intersect1d(classes["train"], classes["test"])),
        "dropped": len(lost),
        "reasons": dict(Counter(lost).most_common()),
        "captions_dropped": len(captions),
        "caption_reasons": dict(Counter(captions).most_common()),
        "examples": [example(drop) for drop in drops[:EXAMPLES]],
        **({"looked_for": looked_for} if looked_for else {}),
    }


def example(drop: Drop) -> dict[str, str]:
    """One of the first drops, as a report names it: a key of others may be long."""
    return {"key": drop.key[:LONGEST_KEY], "reason": drop.reason}


def read_report(path: Path) -> dict[str, Any]:
    """The report that `write_json` wrote. Raises `UserError` for a damaged file."""
    report = read_json(path)
    numbers, tables = ("read", "captions", "dropped", "captions_dropped"), ("kept", "classes")
    if (
        not isinstance(report, dict)
        or not all(type(report.get(name)) is int for name in numbers)
        or not all(
            isinstance(report.get(name), dict)
            and all(type(report[name].get(split)) is int for split in ("train", "test"))
            for name in tables
        )
        or not all(isinstance(report.get(name), dict) for name in ("reasons", "caption_reasons"))
        or not isinstance(report.get("examples"), list)
        or not isinstance(report.get("name"), str)
        or (report["dropped"] and not report["reasons"])
    ):
        raise damaged(path, "no report")
    return report


def write_json(path: Path, content: Any) -> None:
    """Write JSON so that the file is either the old one or the whole new one."""
    with atomic(path) as partial:
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")


def require_few_drops(report: dict[str, Any], path: Path) -> None:
    """Raise `UserError` where nothing is left to train on, or of a split that had records, or more
    than 1 % was dropped of the records, of those whose pictures were looked at, or of the captions.
    Captions that are empty cost their records alone, up to half of them.

    `path` is the report's file, which the message names.
    """
    name, captions = report["name"], report["captions_dropped"]
    if report["read"] == 0:
        raise UserError(f"{name}: no record was found; check the folder that data.root names")
    looked_at, bad = report.get("looked_at", {}), report.get("picture_reasons", {})  # newer keys
    for what, lost, read, reasons in (
        ("records", report["dropped"], report["read"], report["reasons"]),
        ("records looked at", sum(bad.values()), sum(looked_at.values()), bad),
        ("captions", captions, report["captions"] + captions, report["caption_reasons"]),
    ):
        empty = sum(reasons.get(reason, 0) for reason in EMPTY)
        few = MAX_EMPTY if empty else MAX_DROPPED
        if lost - empty > MAX_DROPPED * (read - empty) or lost > few * read:
            kinds = {key: n for key, n in reasons.items() if key not in EMPTY or lost > few * read}
            reason, count = next(iter(kinds.items()))
            raise UserError(
                f"{name}: {lost} of {read} {what} ({lost / read:.1%}) cannot be used, "
                f"most often {reason!r} ({count}){_as(report, reason)}; repair or remove what "
                f"{path} lists"
            )
    for split, count in looked_at.items():
        if count and not report["kept"][split]:
            raise UserError(
                f"{name}: none of {number_of(count, 'record')} of the {split} split can be used; "
                "repair or "
                f"remove what {path} lists"
            )
    if report["kept"]["train"] == 0:
        raise UserError(f"{name}: no record belongs to the training split; check the split files")


def _as(report: dict[str, Any], reason: str) -> str:
    """`, as bird_1`: the first record that was dropped for a reason, and what was looked for."""
    keys = (item["key"] for item in report["examples"] if item.get("reason") == reason)
    looked = f"; {report['looked_for']}" if report.get("looked_for") else ""
    return "".join(f", as {key}" for key in list(keys)[:1]) + looked


def write_table(records: Sequence[Record], folder: Path) -> None:
    """Write the records into `folder`, whole or not at all."""
    try:
        import datasets
        import pyarrow
    except ImportError:
        with atomic(folder / LINES) as partial, partial.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row_of(record)) + "\n" for record in records)
        return
    text, texts = datasets.Value("string"), datasets.List(datasets.Value("string"))
    features = datasets.Features(
        {
            "key": text,
            "image": text,
            "captions": texts,
            "label": datasets.Value("int64"),
            "split": text,
            "box": datasets.List(datasets.Value("int64")),
            "attributes": text,
            "mentions": datasets.List(texts),
            "more": text,
        }
    )
    schema = features.arrow_schema
    with _silent(datasets), atomic(folder / TABLE) as partial:
        if len(records) <= spool.LARGE:
            rows = [row_of(record) for record in records]
            content = pyarrow.Table.from_pylist(rows, schema=schema)
            table = datasets.table.InMemoryTable(content)
            # Its own fingerprint is a pickle of the table, and of all of pyarrow where that is
            # installed in a folder that is not called site-packages.
            fingerprint = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
            datasets.Dataset(table, fingerprint=fingerprint).save_to_disk(str(partial))
            return
        with tempfile.TemporaryDirectory(dir=folder, prefix=".table-") as place:
            path = Path(place) / "rows.arrow"
            with pyarrow.ipc.new_stream(str(path), schema) as stream:
                left = iter(records)
                while block := [row_of(record) for record in itertools.islice(left, BLOCK)]:
                    stream.write_batch(pyarrow.RecordBatch.from_pylist(block, schema=schema))
            table = datasets.table.MemoryMappedTable.from_file(str(path))
            fingerprint = hashlib.sha256(f"{folder.name} {len(records)}".encode()).hexdigest()[:16]
            datasets.Dataset(table, fingerprint=fingerprint).save_to_disk(str(partial))


class TableRecords(Chunks[Record]):
    """The records of a table, read where they are asked for."""

    def __init__(self, table: Any, path: Path) -> None:
        self.table, self.path = table, path
        self.length, self._last = len(table), (-1, [])

    def chunk(self, number: int) -> list[Record]:
        try:
            rows = self.table[number * CHUNK : (number + 1) * CHUNK]
            names = list(rows)
            each = zip(*rows.values(), strict=True)
            return [record_of(dict(zip(names, row, strict=True))) for row in each]
        except Exception as error:
            raise damaged(self.path, reason_of(error)) from None

    def one(self, row: int) -> Record:
        """A single one, without those around it."""
        try:
            return record_of(self.table.data.fast_slice(row, 1).to_pylist()[0])
        except Exception as error:
            raise damaged(self.path, reason_of(error)) from None


def table_exists(folder: Path) -> bool:
    """Whether `read_table` can read what is there; imports nothing."""
    has_datasets = importlib.util.find_spec("datasets") is not None
    return (folder / LINES).exists() or (has_datasets and (folder / TABLE).exists())


def read_table(folder: Path) -> Sequence[Record]:
    """The records that `write_table` wrote, in the same order; many stay in their file.

    Raises `UserError` for a damaged file.
    """
    path = folder / LINES if (folder / LINES).exists() else folder / TABLE
    try:
        if path.name == LINES:
            with path.open(encoding="utf-8") as file:
                return [record_of(json.loads(line)) for line in file]
        import datasets

        with _silent(datasets):
            table = _opened(datasets, path)
            if len(table) > spool.LARGE:
                return TableRecords(table, path)
            return [record_of(row) for row in table.to_list()]
    except Exception as error:  # each version of the package has others for a damaged file
        raise damaged(path, reason_of(error)) from None


def _opened(datasets: Any, path: Path) -> Any:
    """The table as a map of its file; in memory where the folder's file system has no maps."""
    try:
        return datasets.load_from_disk(str(path), keep_in_memory=False)
    except OSError:
        return datasets.load_from_disk(str(path), keep_in_memory=True)


@contextmanager
def _silent(datasets: Any) -> Iterator[None]:
    """Without the progress bars of `datasets`, which are then as they were."""
    shown = datasets.utils.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()
