"""From records to arrays, and from arrays to the splits that are some of their records."""

from __future__ import annotations

import dataclasses
import itertools
import zlib
from collections.abc import Sequence

import numpy as np

from experiments.data.record import Record
from experiments.data.store.arrays import Arrays
from experiments.data.store.image_rows import ImageRows
from experiments.data.store.split import Split
from experiments.data.store.text import TextLists, Texts
from experiments.data.text.vocabulary import Vocabulary
from experiments.data.text.words import Tokeniser


def encode_records(
    records: Sequence[Record],
    vocabulary: Vocabulary | None,
    attribute_values: dict[str, tuple[str, ...]],
    max_words: int,
) -> Arrays:
    """The arrays of all records together, in their order; `cut` makes splits of them.

    Of a caption longer than `max_words` the test split keeps the first words. The training split
    keeps a random ordered subset (Xu 2018, released code), drawn from the record's key and the
    caption's number, so that it is the same in every run.
    """
    names = {name: k for k, name in enumerate(attribute_values)}
    count = sum(len(record.captions) for record in records)
    tokens = np.zeros((count, max_words), np.int32)
    lengths = np.zeros(count, np.int32)
    mentions = np.zeros((count, len(names)), bool)
    attributes = np.full((len(records), len(names)), -1, np.int64)
    row = 0
    for i, record in enumerate(records):
        for name, value in record.attributes.items():
            attributes[i, names[name]] = attribute_values[name].index(value)
        for k, caption in enumerate(record.captions):
            assert vocabulary is not None, "captions need a vocabulary"
            indices = vocabulary.encode(caption)
            if len(indices) > max_words and record.split == "train":
                rng = np.random.default_rng(zlib.crc32(f"{record.key}#{k}".encode()))
                kept = np.sort(rng.choice(len(indices), max_words, replace=False))
                indices = [indices[word] for word in kept]
            indices = indices[:max_words]
            tokens[row, : len(indices)] = indices
            lengths[row] = len(indices)
            for name in record.mentions[k] if record.mentions else ():
                mentions[row, names[name]] = True
            row += 1
    captions = "\n".join(caption for record in records for caption in record.captions)
    return {
        "keys": np.array([record.key for record in records], dtype=np.str_),
        "test": np.array([record.split == "test" for record in records]),
        "labels": np.array([record.label for record in records], np.int64),
        "attributes": attributes,
        "caption_counts": np.array([len(record.captions) for record in records], np.int64),
        "captions": np.frombuffer(captions.encode(), np.uint8),
        "tokens": tokens,
        "lengths": lengths,
        "mentions": mentions,
    }


def cut(
    arrays: Arrays,
    name: str,
    kept: np.ndarray,
    images: np.ndarray | ImageRows,
    tokeniser: Tokeniser = "ascii",
) -> Split:
    """The split of the records where `kept` (N,) is true, with their pictures in the same order."""
    assert len(images) == kept.sum()
    if "caption_ends" in arrays:
        return _cut_mapped(arrays, name, kept, images, tokeniser)
    counts = arrays["caption_counts"]
    flat = np.repeat(kept, counts)
    counts = counts[kept]
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    texts = arrays["captions"].tobytes().decode().split("\n") if len(flat) else []
    texts = [text for text, keep in zip(texts, flat.tolist(), strict=True) if keep]
    bounds = start.tolist()
    return Split(
        name=name,
        images=images,
        keys=arrays["keys"][kept].tolist(),
        captions=[texts[a:b] for a, b in itertools.pairwise(bounds)],
        labels=arrays["labels"][kept],
        attributes=arrays["attributes"][kept],
        caption_start=start,
        caption_image=np.repeat(np.arange(len(counts)), counts),
        tokens=arrays["tokens"][flat].astype(np.int64),
        lengths=arrays["lengths"][flat].astype(np.int64),
        mentions=arrays["mentions"][flat],
        tokeniser=tokeniser,
    )


def _cut_mapped(
    arrays: Arrays,
    name: str,
    kept: np.ndarray,
    images: np.ndarray | ImageRows,
    tokeniser: Tokeniser,
) -> Split:
    """The same of arrays that are maps (`mapped_arrays.py`), of which nothing is copied where the
    records are a stretch of them; else what `Split.only` copies."""
    rows = np.flatnonzero(kept)
    first, last = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
    start = np.zeros(last - first + 1, np.int64)
    np.cumsum(arrays["caption_counts"][first:last], out=start[1:])
    begin = int(np.asarray(arrays["caption_counts"][:first]).sum())
    end = begin + int(start[-1])
    texts = Texts(arrays["captions"], arrays["caption_ends"]).between(begin, end)
    whole = Split(
        name=name,
        images=images if len(rows) == last - first else np.zeros((0, 0, 0, 3), np.uint8),
        keys=Texts(arrays["keys"], arrays["key_ends"]).between(first, last),
        captions=TextLists(texts, start),
        labels=arrays["labels"][first:last],
        attributes=arrays["attributes"][first:last],
        caption_start=start,
        caption_image=np.repeat(np.arange(last - first), np.diff(start)),
        tokens=arrays["tokens"][begin:end],
        lengths=arrays["lengths"][begin:end],
        mentions=arrays["mentions"][begin:end],
        tokeniser=tokeniser,
    )
    if len(rows) == last - first:
        return whole
    return dataclasses.replace(whole.only(kept[first:last]), images=images)
