"""What a reader yields, validated: the usable records, and what was dropped and why."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from experiments.data.record import Drop, Reader, Record, classes_of, has_of
from experiments.data.store import spool
from experiments.data.store.spool import Joined, Spool
from experiments.data.text.words import SPLIT, Tokeniser, tokeniser_of

OF_CAPTIONS = ("speech",)  # names in `more` of what each caption has one of


def read_records(
    reader: Reader, tokeniser: Tokeniser | None = None
) -> tuple[Sequence[Record], list[Drop]]:
    """Consume the reader: the usable records, training split first, and what was dropped.
    `tokeniser`: how captions are cut into words, by default as the reader says.

    White space in captions is normalised. A caption without a word is dropped by itself, under the
    name `<key>#<number>`; readers do the same with captions that they cannot read.
    """
    captioned, words = "caption" in has_of(reader), SPLIT[tokeniser or tokeniser_of(reader)]
    read: Spool[Record] = Spool()
    drops: list[Drop] = []
    keys: set[int] = set()
    for entry in reader.read():
        if isinstance(entry, Record):
            entry, empty = _without_empty_captions(entry, words)
            known = _hash(entry.key)
            reason = "no caption with a word" if captioned and not entry.captions else ""
            reason = "key appears twice" if known in keys else reason
            keys.add(known)
            drops += [] if reason else empty
            entry = Drop(entry.key, reason) if reason else entry
        if isinstance(entry, Record):
            read.append(entry)
        else:
            drops.append(entry)
    del keys
    # What a reader says of all of its records it knows once all are read.
    classes, values = classes_of(reader), reader.attribute_values()
    splits: dict[str, Spool[Record]] = {"train": Spool(), "test": Spool()}
    faults: dict[str, Drop] = {}
    for record in read:
        if reason := _fault(record, classes, values):
            faults[record.key] = Drop(record.key, reason)
        else:
            splits[record.split].append(record)
    drops = [drop for drop in drops if drop.of not in faults] + list(faults.values())
    found: Sequence[Record] = Joined(splits["train"], splits["test"])
    return (found if len(found) > spool.LARGE else list(found)), drops


def _hash(key: str) -> int:
    """Eight bytes in place of a key, of which there may be millions."""
    return int.from_bytes(hashlib.blake2b(os.fsencode(key), digest_size=8).digest(), "big")


def _without_empty_captions(
    record: Record, words: Callable[[str], list[str]]
) -> tuple[Record, list[Drop]]:
    worded = [bool(words(caption)) for caption in record.captions]
    empty = [
        Drop(f"{record.key}#{number}", "caption without a word", of=record.key)
        for number, kept in enumerate(worded)
        if not kept
    ]
    mentions = record.mentions
    if len(mentions) == len(record.captions):
        mentions = tuple(itertools.compress(mentions, worded))
    captions = tuple(" ".join(text.split()) for text in itertools.compress(record.captions, worded))
    more = dict(record.more)
    for name, items in more.items():  # what there is of each caption goes with it
        if name in OF_CAPTIONS and len(items) == len(record.captions):
            more[name] = list(itertools.compress(items, worded))
    return dataclasses.replace(record, captions=captions, mentions=mentions, more=more), empty


def _fault(record: Record, classes: int, values: dict[str, tuple[str, ...]]) -> str:
    """Why the record cannot be used; empty where it can."""
    path = PurePosixPath(record.key)
    if not record.key or path.is_absolute() or ".." in path.parts:
        return "key is no safe file name"
    if record.split not in ("train", "test"):
        return f"split {record.split!r} is neither train nor test"
    if not 0 <= record.label < classes:
        return f"label outside the {classes} classes"
    if record.mentions and len(record.mentions) != len(record.captions):
        return "mentions do not match the captions"
    for name, value in record.attributes.items():
        if value not in values.get(name, ()):
            return f"value of attribute {name!r} is not one of its values"
    if any(name not in values for mention in record.mentions for name in mention):
        return "mention of an attribute that does not exist"
    return ""
