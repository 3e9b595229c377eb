"""Which clips make wrong pairs: of records whose captions are not the one that was drawn.

A record whose caption is the same text would be a right pair that is called wrong (Pan 2017 on
moving digits: 20 captions, so that one of twenty permuted pairs is).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.terminal.error import UserError

Wrong = Literal["clip", "action", "mixed"]
DRAWS = 8  # before all records that fit are listed


class WrongClips:
    """Draws such records for those of a split, whose captions are drawn beside them."""

    def __init__(self, dataset: Dataset, split: Split, wrong: Wrong) -> None:
        """Raises `UserError` where a set does not say what only a clip shows, which "action" and
        "mixed" need."""
        self.split, self.wrong = split, wrong
        texts = [text for captions in split.captions for text in captions]
        self._text = np.unique(np.asarray(texts), return_inverse=True)[1].reshape(-1)  # (M,)
        self._texts = int(self._text.max(initial=-1)) + 1
        self._said = np.unique(split.caption_image * max(self._texts, 1) + self._text)
        if wrong == "clip":
            return
        moving = set(moving_attributes(dataset))
        names = list(dataset.attribute_values)
        if not moving & set(names):
            raise UserError(
                f"wrong={wrong}: {dataset.name} does not say what its clips show besides pictures; "
                "take wrong=clip"
            )
        self._moving = np.array([name in moving for name in names])
        still = split.attributes[:, ~self._moving]
        self._thing = np.unique(still, axis=0, return_inverse=True)[1].reshape(-1)
        if not still.shape[1]:
            self._thing = split.labels
        self._by_thing = np.argsort(self._thing, kind="stable")
        ordered = self._thing[self._by_thing]
        self._first = np.searchsorted(ordered, self._thing, side="left")
        self._count = np.searchsorted(ordered, self._thing, side="right") - self._first

    def of(
        self, rows: np.ndarray, captions: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """A record (B,) for each of `rows` (B,), of which `captions` (B,) were drawn; None: all of
        a record's are meant. Where no record fits, which only a set of one caption has, another one
        of the split."""
        hard = np.zeros(len(rows), bool)
        if self.wrong != "clip":
            hard = rng.random(len(rows)) < (1.0 if self.wrong == "action" else 0.5)
        found = np.full(len(rows), -1, np.int64)
        for _ in range(DRAWS):
            uniform = rng.random(len(rows))  # as many each time: what is drawn later is the same
            drawn = (uniform * len(self.split)).astype(np.int64)
            if hard.any():
                fellows = self._by_thing[
                    self._first[rows] + (uniform * self._count[rows]).astype(np.int64)
                ]
                drawn = np.where(hard, fellows, drawn)
            fits = self._fits(rows, captions, drawn, hard)
            found = np.where((found < 0) & fits, drawn, found)
        left = rng.random(len(rows))
        for number in np.flatnonzero(found < 0).tolist():
            found[number] = self._listed(rows, captions, hard, number, left[number])
        return found

    def _listed(
        self,
        rows: np.ndarray,
        captions: np.ndarray | None,
        hard: np.ndarray,
        number: int,
        uniform: float,
    ) -> int:
        """One of all records that fit, an easy one where no hard one does."""
        everything = np.arange(len(self.split))
        row = np.full(len(everything), rows[number])
        caption = None if captions is None else np.full(len(everything), captions[number])
        for strict in (True, False) if hard[number] else (False,):
            fits = self._fits(row, caption, everything, np.full(len(everything), strict))
            if strict:
                fits &= self._thing == self._thing[rows[number]]
            if fits.any():
                those = np.flatnonzero(fits)
                return int(those[int(uniform * len(those))])
        return int((rows[number] + 1 + int(uniform * (len(everything) - 1))) % len(everything))

    def _fits(
        self,
        rows: np.ndarray,
        captions: np.ndarray | None,
        drawn: np.ndarray,
        hard: np.ndarray,
    ) -> np.ndarray:
        """Whether the drawn records (B,) make wrong pairs with `rows` (B,)."""
        fits = drawn != rows
        if captions is not None:
            fits &= ~self._says(drawn, self._text[captions])
        else:
            own = [range(*self.split.caption_start[row : row + 2]) for row in rows]
            fits &= ~np.array(
                [
                    bool(self._says(np.full(len(said), one), self._text[list(said)]).any())
                    for one, said in zip(drawn, own, strict=True)
                ],
                bool,
            )
        if not hard.any():
            return fits
        ours, theirs = (self.split.attributes[each][:, self._moving] for each in (rows, drawn))
        other = ours != theirs
        if captions is not None:
            stated = self.split.mentions[captions][:, self._moving]
            other &= stated | ~stated.any(axis=1, keepdims=True)
        return fits & (other.any(axis=1) | ~hard)

    def _says(self, records: np.ndarray, texts: np.ndarray) -> np.ndarray:
        """Whether one of each record's captions (B,) is that text (B,)."""
        if not len(self._said):
            return np.zeros(len(records), bool)
        wanted = records * self._texts + texts
        place = np.minimum(np.searchsorted(self._said, wanted), len(self._said) - 1)
        return np.asarray(self._said[place] == wanted)


def moving_attributes(dataset: Dataset) -> tuple[str, ...]:
    """The attributes that only a clip shows, none where the reader does not say."""
    found = getattr(dataset.reader, "moving_attributes", None)
    return () if found is None else tuple(found())
