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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from experiments.data.store.image_rows import ImageRows
from experiments.data.store.recordings import Recordings
from experiments.data.store.text import TextLists, Texts
from experiments.data.text.pieces import Pieces
from experiments.data.text.reading import SPEECH, Reads, encode
from experiments.data.text.words import Tokeniser


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
