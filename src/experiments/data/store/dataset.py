"""Open a data set: its records, pictures and words, prepared once and then opened in an instant.

    <cache>/<name>/<fingerprint>/
        table/ or records.jsonl   the records (`table.py`)
        report.json               what was read, kept and dropped, and why
        vocabulary.json           the words, in index order
        facts.json                names of classes and attributes
        arrays-<max words>.npz    labels, attributes, tokens (`split.py`)
        images-<size>.npy         the pictures (`picture.py`); images-<size>.json, those left out
        <view>-<settings>/        what other views store (`item.py`)

Nothing in the folder names a path, so it can be moved. Processes that start together prepare it
once: the first does, the others wait.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.record import Drop, Reader, Record, has_of
from experiments.data.store.limit import within
from experiments.data.store.picture import (
    build_store,
    damaged,
    dropped_pictures,
    open_store,
    read_json,
)
from experiments.data.store.split import Split, cut, encode_records, load_arrays, save_arrays
from experiments.data.store.table import (
    REPORT,
    example,
    make_report,
    read_records,
    read_report,
    read_table,
    require_few_drops,
    table_exists,
    write_json,
    write_table,
)
from experiments.data.text.vocabulary import Vocabulary
from experiments.file.lock import locked
from experiments.file.use import use
from experiments.terminal.error import UserError

FORMAT = 2  # of the folder; raising it leaves older folders unused
FACTS, VOCABULARY = "facts.json", "vocabulary.json"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Two splits and what is true of both.

    `size`: px of the pictures, 0 where none are stored. `vocabulary`: None where there are no
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
    class_names: list[str]
    attribute_values: dict[str, tuple[str, ...]]
    colour_attributes: tuple[str, ...]
    mirror: bool
    report: dict[str, Any]
    summary: str
    reader: Reader
    flip: bool = True

    def records(self) -> list[Record]:
        """All of the table, which a view reads that has to store something."""
        return read_table(self.folder)

    def without(self, drops: Sequence[Drop]) -> Dataset:
        """The data set without some records, which its report names. Raises `UserError` where more
        than 1 % of all are missing then."""
        report = dict(self.report)
        gone = {drop.key: drop for drop in drops}
        found = [
            gone[key] for split in (self.train, self.test) for key in split.keys if key in gone
        ]
        _count_drops(report, found)
        train, test = (
            split.only(np.array([key not in gone for key in split.keys], bool))
            for split in (self.train, self.test)
        )
        report["kept"] = {"train": len(train), "test": len(test)}
        require_few_drops(report, self.folder / REPORT)
        summary = _summary(report, self.size, self.vocabulary, self.folder / REPORT)
        return replace(self, train=train, test=test, report=report, summary=summary)


def open_dataset(
    reader: Reader,
    size: int | None,
    cache: Path,
    max_words: int = 18,
    quiet: bool = False,
    workers: int | None = None,
    limit: int | None = None,
) -> Dataset:
    """The reader's data with pictures of `size` pixels, prepared under `cache` where they are not.

    Without `size`, or where the reader has no pictures, there are none. `max_words`: the most words
    that are kept of a caption (Xu 2018: 18 for CUB). `workers`: processes that draw pictures, by
    default one per core. `limit`: records that are kept of each split (`limit.within`), all by
    default. Raises `UserError` where the data are missing, and where more than 1 % of the records
    cannot be used.
    """
    if (size is not None and size < 1) or max_words < 1:
        raise UserError(f"data: size and max_words must be at least 1, not {size} and {max_words}")
    if limit is not None and limit < 1:
        raise UserError(f"data.limit={limit}: must be a whole number from 1, or null for all")
    if "picture" not in has_of(reader):
        size = None
    reader.check()
    less = "" if limit is None else f"\nlimit={limit}"
    identity = f"{FORMAT}\n{reader.name}\n{reader.fingerprint()}{less}"
    fingerprint = hashlib.sha256(identity.encode()).hexdigest()[:16]
    folder = Path(cache) / reader.name / fingerprint
    arrays = folder / f"arrays-{max_words}.npz"
    store = None if size is None else folder / f"images-{size}.npy"
    needed = (folder / FACTS, arrays, *([] if store is None else [store]))
    use(folder)
    if not all(file.exists() for file in needed):
        with locked(folder / ".lock"):
            if not all(file.exists() for file in needed):  # another process may have been first
                _prepare(reader, store, size or 0, arrays, max_words, workers, quiet, limit)
    return _load(reader, size or 0, fingerprint, folder, store, arrays)


def _prepare(
    reader: Reader,
    store: Path | None,
    size: int,
    arrays: Path,
    max_words: int,
    workers: int | None,
    quiet: bool,
    limit: int | None,
) -> None:
    """Write whatever of the folder is missing. `facts.json` comes last of what all sizes share."""
    folder = arrays.parent
    new = not ((folder / FACTS).exists() and table_exists(folder))
    if new:
        everything, drops = read_records(reader)
        records = within(everything, limit)
        beyond = len(everything) - len(records)
        _report(folder, make_report(reader.name, records, drops, beyond))
    else:
        records = read_table(folder)
    bad = [] if store is None else build_store(reader, records, size, store, workers, quiet)
    if new:
        bad_keys = {drop.key for drop in bad}
        records = [record for record in records if record.key not in bad_keys]
        _report(folder, make_report(reader.name, records, drops + bad, beyond))
        for other in folder.glob("images-*.npy"):
            if other != store:  # of an attempt that was not finished: its rows may be others
                other.unlink()
        if "caption" in has_of(reader):
            words = reader.words()
            captions = (caption for record in records for caption in record.captions)
            vocabulary = Vocabulary(words) if words is not None else Vocabulary.build(captions)
            vocabulary.save(folder / VOCABULARY)
        write_table(records, folder)
        colours = getattr(reader, "colour_attributes", None)  # the protocol leaves it open
        facts = {
            "class_names": reader.class_names(),
            "attribute_values": reader.attribute_values(),
            "colour_attributes": colours() if callable(colours) else colours or (),
            "mirror": getattr(reader, "mirror", True),
        }
        for stale in folder.glob("arrays-*.npz"):
            stale.unlink()
        write_json(folder / FACTS, facts)
    values = _facts(folder)["attribute_values"]
    save_arrays(encode_records(records, _vocabulary(folder, reader), values, max_words), arrays)


def _facts(folder: Path) -> dict[str, Any]:
    """What `_prepare` wrote. Raises `UserError` for a damaged file."""
    path = folder / FACTS
    facts = read_json(path)
    kinds = {"class_names": list, "attribute_values": dict, "colour_attributes": list}
    if not isinstance(facts, dict) or "mirror" not in facts:
        raise damaged(path, "it lacks facts")
    for name, kind in kinds.items():
        texts = facts.get(name)
        if not isinstance(texts, kind) or not all(isinstance(text, str) for text in texts):
            raise damaged(path, f"no {name}")
    if not all(isinstance(values, list) for values in facts["attribute_values"].values()):
        raise damaged(path, "no attribute_values")
    return facts


def _vocabulary(folder: Path, reader: Reader) -> Vocabulary | None:
    """What `_prepare` wrote, None where there are no captions. Raises `UserError` for a damaged
    file."""
    if "caption" not in has_of(reader):
        return None
    try:
        return Vocabulary.load(folder / VOCABULARY)
    except UserError:
        raise damaged(folder / VOCABULARY, "not a list of words") from None


def _report(folder: Path, report: dict[str, Any]) -> None:
    write_json(folder / REPORT, report)
    require_few_drops(report, folder / REPORT)


def _load(
    reader: Reader, size: int, fingerprint: str, folder: Path, store: Path | None, arrays_path: Path
) -> Dataset:
    facts, report = _facts(folder), read_report(folder / REPORT)
    vocabulary = _vocabulary(folder, reader)
    arrays = load_arrays(arrays_path)
    if arrays["tokens"].max(initial=0) >= (1 if vocabulary is None else len(vocabulary)):
        raise damaged(folder / VOCABULARY, "not the words of these captions")
    bad: list[Drop] = []
    if store is None:
        images = np.zeros((len(arrays["keys"]), 0, 0, 3), np.uint8)
    else:
        images, keys = open_store(store), set(arrays["keys"].tolist())
        bad = [drop for drop in dropped_pictures(store) if drop.key in keys]
        if bad:  # pictures that another size could still use; the table has them
            _count_drops(report, bad)
            require_few_drops(report, store.with_suffix(".json"))
    kept = ~np.isin(arrays["keys"], [drop.key for drop in bad])
    train, test = kept & ~arrays["test"], kept & arrays["test"]
    report["kept"] = {"train": int(train.sum()), "test": int(test.sum())}
    if images.shape != (kept.sum(), size, size, 3) or images.dtype != np.uint8:
        raise UserError(f"{store}: does not match the table beside it; delete the folder {folder}")
    values = {key: tuple(found) for key, found in facts["attribute_values"].items()}
    return Dataset(
        name=reader.name,
        size=size,
        fingerprint=fingerprint,
        folder=folder,
        train=cut(arrays, "train", train, images[: train.sum()]),
        test=cut(arrays, "test", test, images[train.sum() :]),
        vocabulary=vocabulary,
        class_names=facts["class_names"],
        attribute_values=values,
        colour_attributes=tuple(facts["colour_attributes"]),
        mirror=facts["mirror"],
        report=report,
        summary=_summary(report, size, vocabulary, folder / REPORT),
        reader=reader,
    )


def _count_drops(report: dict[str, Any], drops: Sequence[Drop]) -> None:
    """Records of the table that are left out all the same."""
    report["dropped"] += len(drops)
    reasons = Counter(report["reasons"]) + Counter(drop.reason for drop in drops)
    report["reasons"] = dict(reasons.most_common())
    report["examples"] = [*report["examples"], *(example(drop) for drop in drops)]


def _summary(report: dict[str, Any], size: int, vocabulary: Vocabulary | None, path: Path) -> str:
    kept, classes = report["kept"], report["classes"]
    line = (
        f"{report['name']}: {sum(kept.values())} {f'images at {size} px' if size else 'records'} "
        f"({kept['train']} to train on, {kept['test']} to test on; "
        f"{classes['train']} and {classes['test']} classes)"
    )
    if vocabulary is not None:
        line += f", {report['captions']} captions, {len(vocabulary)} words"
    if beyond := report.get("beyond_limit"):  # not in reports of older versions
        line += f"; data.limit leaves {beyond} out"
    if report["dropped"]:
        reason = next(iter(report["reasons"]))
        share = report["dropped"] / report["read"]
        line += f"; dropped {report['dropped']} ({share:.2%}), most often {reason!r}: see {path}"
    return line
