"""Open a data set: its records, pictures and words, prepared once and then opened in an instant.

    <cache>/<name>/<fingerprint>/
        table/ or records.jsonl   the records (`table.py`)
        report.json               what was read, kept and dropped, and why
        vocabulary.json           the words, in index order; words.json, what they leave out
        facts.json                names of classes and attributes
        arrays-<max words>.npz    labels, attributes, tokens (`cut.py`)
        *-min<n>.*                the last three without words that are rarer (`data.min_count`)
        images-<size>.npy         the pictures, or encoded-<size>/, or stream/ (`keep.py`), with the
                                  list of those left out in .json
        <view>-<settings>/        what other views store (`item.py`)

Nothing in the folder names a path, so it can be moved. Processes that start together prepare it
once: the first does, the others wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from experiments.data.record import Drop, Reader, Record, has_of, told_of
from experiments.data.store.arrays import keys_of
from experiments.data.store.choice import StoreName, require_store
from experiments.data.store.cut import cut
from experiments.data.store.fact import read_facts, write_facts
from experiments.data.store.fingerprint import (
    FACTS,
    Fingerprint,
    adopt,
    difference,
    fingerprint_of,
    read_as,
)
from experiments.data.store.image_rows import between
from experiments.data.store.keep import Kept, Pictures, drop_others
from experiments.data.store.limit import within
from experiments.data.store.mapped_arrays import open_arrays, there, write_arrays
from experiments.data.store.read import read_records
from experiments.data.store.speech import Speech
from experiments.data.store.split import Split
from experiments.data.store.spool import spooled
from experiments.data.store.summary import count_drops, summary_of
from experiments.data.store.table import (
    REPORT,
    make_report,
    read_report,
    read_table,
    require_few_drops,
    table_exists,
    write_json,
    write_table,
)
from experiments.data.store.text import OwnNames
from experiments.data.store.wording import Wording, open_words, write_words
from experiments.data.text.vocabulary import Vocabulary
from experiments.data.text.words import Tokeniser, tokeniser_of
from experiments.file.lock import locked
from experiments.file.use import use
from experiments.file.whole import discard
from experiments.terminal.error import UserError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Two splits and what is true of both.

    `size`: px of the pictures, 0 where there are none. `store`: how they are kept, "" likewise.
    `vocabulary`: None where there are no
    captions. `mirror` says whether a mirrored picture still matches its captions, `flip` whether
    pictures are mirrored in training. `summary` is one line to show at the start of a run.
    """

    name: str
    size: int
    fingerprint: str
    folder: Path
    train: Split
    test: Split
    vocabulary: Vocabulary | None
    class_names: Sequence[str]
    attribute_values: dict[str, tuple[str, ...]]
    colour_attributes: tuple[str, ...]
    mirror: bool
    report: dict[str, Any]
    summary: str
    reader: Reader
    flip: bool = True
    speech: Speech = field(default_factory=Speech)
    hearing: dict[str, Any] | None = None  # front-end and voices, once captions are heard
    store: StoreName | Literal[""] = ""
    by_time: str = ""  # what runs of before recorded as the fingerprint of these files

    @property
    def heard_attributes(self) -> tuple[str, ...]:
        """The attributes that a record's sound tells, none where that is not known."""
        return told_of(self.reader, "heard_attributes")

    @property
    def moving_attributes(self) -> tuple[str, ...]:
        """The attributes that a record's clip shows and no picture of it, none where that is not
        known."""
        return told_of(self.reader, "moving_attributes")

    @property
    def seen_attributes(self) -> list[str]:
        """The others, which a picture shows."""
        return [name for name in self.attribute_values if name not in self.moving_attributes]

    def records(self) -> Sequence[Record]:
        """All of the table, which a view reads that has to store something."""
        return read_table(self.folder)

    def difference(self, before: str) -> str:
        """Which files differ from those of another fingerprint; empty where that is not known."""
        return difference(self.folder.parent.parent, self.name, before, self.fingerprint)

    def without(self, drops: Sequence[Drop]) -> Dataset:
        """The data set without some records, which its report names. Raises `UserError` where more
        than 1 % of all are missing then."""
        report = dict(self.report)
        gone = {drop.key: drop for drop in drops}
        found = [
            gone[key] for split in (self.train, self.test) for key in split.keys if key in gone
        ]
        count_drops(report, found)
        train, test = (
            split.only(np.array([key not in gone for key in split.keys], bool))
            for split in (self.train, self.test)
        )
        report["kept"] = {"train": len(train), "test": len(test)}
        require_few_drops(report, self.folder / REPORT)
        summary = summary_of(report, self.size, self.vocabulary, self.folder)
        return replace(self, train=train, test=test, report=report, summary=summary)


def open_dataset(
    reader: Reader,
    size: int | None,
    cache: Path,
    max_words: int = 18,
    quiet: bool = False,
    workers: int | None = None,
    limit: int | None = None,
    tokeniser: Tokeniser | None = None,
    min_count: int = 1,
    store: str | None = None,
) -> Dataset:
    """The reader's data with pictures of `size` pixels, prepared under `cache` where they are not.

    Without `size`, or where the reader has no pictures, there are none. `max_words`: the most words
    that are kept of a caption (Xu 2018: 18 for CUB). `workers`: processes that draw pictures, by
    default one per core. `limit`: records that are kept of each split (`limit.within`), all by
    default. `tokeniser`: how captions are cut into words, by default as the reader says.
    `min_count`: words that stand less often in the captions are unknown. `store`: how pictures are
    kept (`choice.py`), by default as there is room. Raises `UserError` where the data are missing,
    and where more than 1 % of the records cannot be used.
    """
    if (size is not None and size < 1) or max_words < 1 or min_count < 1:
        raise UserError(
            f"data: size, max_words and min_count must be at least 1, not {size}, {max_words} and "
            f"{min_count}"
        )
    if limit is not None and limit < 1:
        raise UserError(f"data.limit={limit}: must be a whole number from 1, or null for all")
    if "picture" not in has_of(reader):
        size = None
    tokeniser = tokeniser or tokeniser_of(reader)
    more = read_as(reader, limit, tokeniser)
    known = fingerprint_of(reader, cache, quiet, more)
    folder = Path(cache) / reader.name / known.now
    words = Wording(folder, tokeniser, min_count)
    if not folder.exists() and known.by_time and not more:
        adopt(folder.with_name(known.by_time), folder, tokeniser)
    arrays = folder / f"arrays-{max_words}{words.suffix}.npz"
    pictures = Pictures(require_store(store), size)

    def ready() -> bool:
        return (folder / FACTS).exists() and there(arrays) and pictures.there(folder)

    use(folder)
    if not ready():
        with locked(folder / ".lock"):
            if not ready():  # another process may have been first
                left = _not_read(known)
                _prepare(reader, pictures, arrays, max_words, workers, quiet, words, limit, left)
    return _load(reader, pictures.kept(folder), known, folder, arrays, words)


def _prepare(
    reader: Reader,
    pictures: Pictures,
    arrays: Path,
    max_words: int,
    workers: int | None,
    quiet: bool,
    words: Wording,
    limit: int | None,
    left: dict[str, int],
) -> None:
    """Write whatever of the folder is missing. `facts.json` comes last of what all sizes share."""
    folder = arrays.parent
    new = not ((folder / FACTS).exists() and table_exists(folder))
    if new:
        everything, drops = read_records(reader, words.tokeniser)
        records: Sequence[Record] = everything if limit is None else within(everything, limit)
        more = len(everything) - len(records)
        looked = getattr(reader, "looked_for", "")
        report = make_report(reader.name, records, drops, more, looked_for=looked)
        report |= {"not_read": left}
        _report(folder, report)
    else:
        records = read_table(folder)
    store = pictures.kept(folder, len(records))
    bad = [] if store is None else store.build(reader, records, workers, quiet)
    captioned = "caption" in has_of(reader)
    if new:
        if bad:  # a pass over all records for each of these
            bad_keys, wanted = {drop.key for drop in bad}, records
            records = spooled(record for record in wanted if record.key not in bad_keys)
            report = make_report(reader.name, records, drops, more, bad, wanted)
            _report(folder, report | {"not_read": left})
        drop_others(folder, store)
        for stale in [*folder.glob("vocabulary*.json"), *folder.glob("arrays-*")]:
            discard(stale)
    if captioned and not words.vocabulary.exists():
        write_words(words, reader.words(), records)
    if new:
        write_table(records, folder)
        write_facts(reader, folder)
    values = read_facts(folder)["attribute_values"]
    vocabulary = open_words(words) if captioned else None
    write_arrays(records, vocabulary, values, max_words, arrays)


def _not_read(known: Fingerprint) -> dict[str, int]:
    """What was met where the data lie, and is no part of them."""
    return dict(known.listing.not_read) if known.listing else {}


def _report(folder: Path, report: dict[str, Any]) -> None:
    write_json(folder / REPORT, report)
    require_few_drops(report, folder / REPORT)


def _load(
    reader: Reader,
    store: Kept | None,
    known: Fingerprint,
    folder: Path,
    arrays_path: Path,
    words: Wording,
) -> Dataset:
    facts, report = read_facts(folder), read_report(folder / REPORT)
    vocabulary = open_words(words) if "caption" in has_of(reader) else None
    report["words"] = words.counts()
    report["not_read"] = _not_read(known)  # as it is now
    arrays = open_arrays(arrays_path, words.vocabulary, len(vocabulary or ()))
    keys = keys_of(arrays)
    lost = {} if store is None else {drop.key: drop for drop in store.drops()}
    gone = np.array([key in lost for key in keys], bool) if lost else np.zeros(len(keys), bool)
    bad = [lost[keys[row]] for row in np.flatnonzero(gone).tolist()]
    size, images = 0, np.zeros((len(keys), 0, 0, 3), np.uint8)
    if store is not None:
        size, images = store.size, store.open(reader, np.flatnonzero(~gone))
        report["pictures"] = store.told()
        if bad:  # pictures that another size could still use; the table has them
            count_drops(report, bad)
    train, test = ~gone & ~arrays["test"], ~gone & arrays["test"]
    report["kept"] = {"train": int(train.sum()), "test": int(test.sum())}
    if bad and store is not None:
        require_few_drops(report, store.path.with_suffix(".json"))
    if images.shape != ((~gone).sum(), size, size, 3) or images.dtype != np.uint8:
        path = store.path if store else folder
        raise UserError(f"{path}: does not match the table beside it; delete the folder {folder}")
    values = {key: tuple(found) for key, found in facts["attribute_values"].items()}
    return Dataset(
        name=reader.name,
        size=size,
        fingerprint=known.now,
        folder=folder,
        train=cut(arrays, "train", train, between(images, 0, train.sum()), words.tokeniser),
        test=cut(arrays, "test", test, between(images, train.sum(), len(images)), words.tokeniser),
        vocabulary=vocabulary,
        class_names=facts["class_names"] or OwnNames(keys, arrays["labels"]),
        attribute_values=values,
        colour_attributes=tuple(facts["colour_attributes"]),
        mirror=facts["mirror"],
        report=report,
        summary=summary_of(report, size, vocabulary, folder),
        reader=reader,
        store=store.name if store else "",
        by_time=known.by_time,
    )
