"""Captions of which one word was exchanged, so that they no longer say what the picture shows.

Told from captions of other pictures, which are wrong in several words, a picture needs one of its
colours to be right. A caption with a single wrong word asks for that word. A word is exchanged for
one that stands between the same two in captions of other classes, and never does in those of its
own class: so neither colours nor synonyms need to be known. (Negatives made by exchanging words are
those of Yuksekgonul et al. 2023; which words, this project's choice.)
"""

from __future__ import annotations

from typing import Self

import numpy as np

from experiments.data.store.split import Split
from experiments.data.text.reading import reads_of

TRIES = 32  # places and words that are tried for each altered caption


def require_words(reader: object, key: str) -> None:
    """Assert that captions are read by words or their pieces; `key` asks for altered ones."""
    assert reads_of(reader) in ("words", "wordpieces"), (
        f"{key}: captions that are heard, or read by letters, have no word that could be exchanged"
    )


class Alterations:
    """Which words may stand where, of the captions of a split."""

    def __init__(self, tokens: np.ndarray, lengths: np.ndarray, classes: np.ndarray) -> None:
        """tokens: (M, T) integers, 0 where a caption has ended; lengths, classes: (M,)."""
        self.tokens, self.lengths, self.classes = tokens, lengths, classes
        self.words = int(tokens.max(initial=0)) + 1
        before, word, after = neighbours(tokens)
        there = np.arange(tokens.shape[1]) < lengths[:, None]
        stands = ((before * self.words + after) * self.words + word)[there]
        self._seen, number = np.unique(stands, return_inverse=True)
        self._context, self._start = np.unique(self._seen // self.words, return_index=True)
        self._end = np.append(self._start[1:], len(self._seen))
        self._own = np.unique(np.repeat(classes, lengths) * len(self._seen) + number)

    @classmethod
    def of_split(cls, split: Split) -> Self:
        """Those of all captions of a split; where it has no classes, each record is one."""
        assert isinstance(split.tokens, np.ndarray), "words that are heard cannot be exchanged"
        alone = len(np.unique(split.labels)) == 1
        classes = np.arange(len(split)) if alone else split.labels
        return cls(split.tokens, split.lengths, classes[split.caption_image])

    def of(self, rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """Places and words (B, count, 2) to exchange in captions (B,); where nothing was found, the
        first word stays. Every second caption, from the first on, gets a word that stands elsewhere
        in it, where one fits: what is true of one part of a picture is wrong of another."""
        tokens = self.tokens[rows].astype(np.int64)
        shape = (len(rows), count, TRIES)
        lengths = self.lengths[rows][:, None, None]
        place, elsewhere = ((rng.random(shape) * lengths).astype(np.int64) for _ in range(2))
        uniform = rng.random(shape)
        before, _, after = (_at(part, place) for part in neighbours(tokens))
        context = before * self.words + after
        entry = np.searchsorted(self._context, context)
        start, end = self._start[entry], self._end[entry]
        anywhere = start + (uniform * (end - start)).astype(np.int64)
        within = context * self.words + _at(tokens, elsewhere)
        near = np.searchsorted(self._seen, within).clip(max=len(self._seen) - 1)
        asked = (np.arange(count) % 2 == 0)[:, None] & (np.arange(TRIES) < TRIES // 2)
        number = np.where(asked, near, anywhere)
        fits = ~asked | (self._seen[near] == within)
        own = self.classes[rows][:, None, None] * len(self._seen) + number
        found = np.searchsorted(self._own, own).clip(max=len(self._own) - 1)
        fits &= self._own[found] != own  # which a caption's own word never does
        first = fits.argmax(2)[..., None]
        place, other = (
            np.take_along_axis(part, first, 2) for part in (place, self._seen[number] % self.words)
        )
        none = ~fits.any(2)[..., None]
        place, other = np.where(none, 0, place), np.where(none, tokens[:, :1, None], other)
        return np.concatenate([place, other], axis=2)


def _at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Of values (B, T) those at places (B, ...)."""
    return np.take_along_axis(values, places.reshape(len(values), -1), 1).reshape(places.shape)


def neighbours(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every word of captions (M, T) the one before, itself, and the one after; 0 for none."""
    padded = np.pad(tokens.astype(np.int64), ((0, 0), (1, 1)))
    return padded[:, :-2], padded[:, 1:-1], padded[:, 2:]


def exchanged(tokens: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """Captions (B, K, T) of which `changes` (B, K, 2) were made in (B, T)."""
    found = np.repeat(tokens[:, None], changes.shape[1], axis=1)
    np.put_along_axis(found, changes[..., :1], changes[..., 1:], axis=2)
    return found
