"""One split of a data set as arrays: what batches, encoders and scores index.

Captions are ragged (an image may have nine, another one), so they lie flat: those of image i are
the rows `caption_start[i]` to `caption_start[i + 1]` of `tokens`, `lengths` and `mentions`.

A text encoder reads words, characters or word pieces, as its attribute `reads` says; `read_as`
gives the split as it reads it. One that hears captions is given frames of their recordings for
tokens, where the split has a recording for every caption (`heard.py`).
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from experiments.data.record import Record
from experiments.data.store.arrays import Arrays
from experiments.data.store.recordings import Recordings
from experiments.data.store.text import TextLists, Texts
from experiments.data.text.pieces import Pieces
from experiments.data.text.reading import SPEECH, Reads, encode
from experiments.data.text.vocabulary import Vocabulary
from experiments.data.text.words import Tokeniser


@dataclass(frozen=True, eq=False)
class ImageRows:
    """Some rows of an array of pictures, or of what does for one (`encoded.Decoded`), which are
    read where they are asked for."""

    array: Any  # uint8 (.., L, L, 3)
    rows: np.ndarray  # int64 (N,)

    @classmethod
    def of(cls, images: np.ndarray | ImageRows, rows: np.ndarray) -> ImageRows:
        """Those rows of an array, or of what is some rows itself."""
        if isinstance(images, ImageRows):
            return cls(images.array, images.rows[rows])
        return cls(np.asarray(images) if isinstance(images, np.ndarray) else images, rows)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.rows), *self.array.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Any) -> np.ndarray:
        found: np.ndarray = self.array[self.rows[rows]]
        return found


def between(images: Any, first: int, last: int) -> np.ndarray | ImageRows:
    """The pictures from `first` to `last`, of which nothing is copied or decoded."""
    if isinstance(images, np.ndarray):
        return images[first:last]
    return ImageRows.of(images, np.arange(first, last))


@dataclass(frozen=True, eq=False)
class Split:
    """N records, with M captions and a picture each where the data set has them; A attributes,
    T = the most tokens that are kept of a caption. What else there is of a record, views open by
    its key."""

    name: str
    images: np.ndarray | ImageRows  # uint8 (N, L, L, 3), of the memory map; L = 0: no pictures
    keys: Sequence[str]
    captions: Sequence[Sequence[str]]  # per image
    labels: np.ndarray  # int64 (N,)
    attributes: np.ndarray  # int64 (N, A), index of the value, -1 where unknown
    caption_start: np.ndarray  # int64 (N + 1,)
    caption_image: np.ndarray  # int64 (M,)
    tokens: np.ndarray | Recordings  # integers (M, T), padded with 0; int64 for words
    lengths: np.ndarray  # int64 (M,)
    mentions: np.ndarray  # bool (M, A), whether the caption states the attribute
    tokeniser: Tokeniser = "ascii"  # how its captions are cut into words
    recordings: Recordings | None = None  # of the M captions, where they are heard

    def __len__(self) -> int:
        return len(self.keys)

    def read(self, caption_rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tokens int64 (B, T) and lengths int64 (B,) of the captions (B,); of captions that are
        heard frames (B, T, ...)."""
        if isinstance(self.tokens, Recordings):
            return self.tokens.read(caption_rows)
        return self.tokens[caption_rows].astype(np.int64), self.lengths[caption_rows]

    def label(self, row: int) -> str:
        """What a person knows the record by: its first caption, or its key, where captions are not
        written."""
        return next(iter(self.captions[row]), "") or self.keys[row]

    def caption_at(self, rows: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """A caption (B,) of each of the images (B,), by a number in [0, 1)."""
        counts = self.caption_start[rows + 1] - self.caption_start[rows]
        return self.caption_start[rows] + (uniform * counts).astype(np.int64)

    def caption_sets(
        self, captions: np.ndarray, count: int, rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Each of the captions (B,) with others of its image, without repetition: `count` of them,
        or all; nothing for a count of 1."""
        found: list[np.ndarray] = []
        for row in captions if count > 1 else []:
            start, end = self.caption_start[self.caption_image[row] + np.arange(2)]
            more = 1 + rng.permutation(end - start - 1)[: count - 1]
            found.append(start + (row - start + np.append(0, more)) % (end - start))
        return found

    def only(self, kept: np.ndarray) -> Split:
        """The records where `kept` (N,) is true, with what they have. No picture is copied."""
        rows = np.flatnonzero(kept)
        counts = np.diff(self.caption_start)
        flat, counts = np.repeat(kept, counts), counts[kept]
        return dataclasses.replace(
            self._with_captions(flat),
            images=ImageRows.of(self.images, rows),
            keys=_compressed(self.keys, rows),
            captions=_compressed(self.captions, rows),
            labels=self.labels[kept],
            attributes=self.attributes[kept],
            caption_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            caption_image=np.repeat(np.arange(len(counts)), counts),
        )

    def only_captions(self, kept: np.ndarray) -> Split:
        """All records with the captions where `kept` (M,) is true; some may have none then."""
        counts = np.bincount(self.caption_image[kept], minlength=len(self))
        flat = iter(kept.tolist())
        return dataclasses.replace(
            self._with_captions(kept),
            captions=[[text for text in texts if next(flat)] for texts in self.captions],
            caption_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            caption_image=self.caption_image[kept],
        )

    def _with_captions(self, kept: np.ndarray) -> Split:
        """What there is of each caption, where `kept` (M,) is true."""
        tokens, recordings = self.tokens, self.recordings
        return dataclasses.replace(
            self,
            tokens=tokens.only(kept) if isinstance(tokens, Recordings) else tokens[kept],
            lengths=self.lengths[kept],
            mentions=self.mentions[kept],
            recordings=None if recordings is None else recordings.only(kept),
        )

    def read_as(self, reads: Reads, pieces: Pieces | None = None) -> Split:
        """The same images and captions with the tokens of another way to read them, made once.
        `pieces`: what cuts captions into them, where these are read."""
        assert reads in get_args(Reads), reads
        way = reads if pieces is None else f"{reads} {pieces.digest}"
        if way not in self._read_as:
            tokens: np.ndarray | Recordings
            if reads == SPEECH:
                assert self.recordings is not None, "no caption is heard: see `data/store/heard.py`"
                tokens, lengths = self.recordings, self.recordings.lengths
            else:
                tokens, lengths = encode(reads, list(itertools.chain(*self.captions)), pieces)
            made = dataclasses.replace(self, tokens=tokens, lengths=lengths)
            vars(made)["_read_as"] = self._read_as  # all of them know each other
            self._read_as[way] = made
        return self._read_as[way]

    @functools.cached_property
    def _read_as(self) -> dict[str, Split]:
        return {"words": self}


def _compressed(items: Any, rows: np.ndarray) -> Any:
    """Some of the keys or captions of a split, as they lie there."""
    if isinstance(items, Texts):
        return items.taken(rows)
    if isinstance(items, TextLists):
        counts = np.diff(items.start)[rows]
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        first = np.repeat(items.start[rows] - start[:-1], counts)
        return TextLists(items.texts.taken(first + np.arange(start[-1])), start)
    return [items[row] for row in rows.tolist()]


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
