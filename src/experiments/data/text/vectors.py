"""Vectors of words without a network: of a file in the text form of fastText and GloVe, or of the
letters of each word.

Nothing here imports torch. `encoder/word_vectors.py` holds what is found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.data.text.vocabulary import END, UNKNOWN
from experiments.file.name import plain, shown
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

LONGEST_LINE = 1 << 18  # bytes: 10,000 numbers of 25 signs, which no such file has
LONGEST_WORD = 200  # letters that are looked at
SHORTEST_GRAM, LONGEST_GRAM = 3, 6  # letters, as fastText has them (Bojanowski et al. 2017)
SAID = 5  # words that a message names


@dataclass(frozen=True)
class Found:
    """Vectors (V, dim) float32 of the words of a vocabulary, and of which there was none."""

    table: np.ndarray
    missing: tuple[str, ...]
    source: str

    @property
    def line(self) -> str:
        """What a person is told: how many words the source does not have, and the first of them."""
        words = len(self.table) - 2  # without the two that are no words
        if not self.missing:
            return f"word vectors: all {number_of(words, 'word', ',')} are in {self.source}"
        named = ", ".join(shown(word) for word in self.missing[:SAID])
        more = ", ..." if len(self.missing) > SAID else ""
        return (
            f"word vectors: {len(self.missing):,} of {number_of(words, 'word', ',')} are not in "
            f"{self.source} and "
            f"get vectors of their letters: {named}{more}"
        )


def grams_of(word: str) -> list[str]:
    """Its stretches of three to six letters, with marks of where it begins and ends; the whole word
    is one of them."""
    marked = f"<{word[:LONGEST_WORD]}>"
    lengths = range(SHORTEST_GRAM, min(LONGEST_GRAM, len(marked)) + 1)
    found = [marked[at : at + n] for n in lengths for at in range(len(marked) - n + 1)]
    return found if marked in found else [*found, marked]


def hashed(word: str, dim: int) -> np.ndarray:
    """A vector (dim,) float32 of length 1: the mean of a fixed normal vector of each stretch of
    letters, so that words with a common stem are near one another (this project's choice; without
    fastText's training). The same on every machine."""
    total = np.zeros(dim)
    for gram in grams_of(word):
        digest = hashlib.blake2b(gram.encode("utf-8", "surrogatepass"), digest_size=4).digest()
        # The old generator: its numbers are the only ones that numpy promises never to change.
        total += np.random.RandomState(int.from_bytes(digest, "big")).standard_normal(dim)
    return (total / np.linalg.norm(total)).astype(np.float32)


def by_letters(words: Sequence[str], dim: int) -> Found:
    """Of each word of a vocabulary by its letters; the padding is zero, and `<unk>` a fixed vector
    like the others."""
    table = np.stack([np.zeros(dim, np.float32) if w == END else hashed(w, dim) for w in words])
    return Found(table, (), "their letters")


def of_file(path: Path, words: Sequence[str], dim: int) -> Found:
    """Of each word of a vocabulary as a text file has it: a line for each word, `word d1 ... dim`,
    with or without fastText's first line of two numbers. The file is read line by line, and only
    words of the vocabulary are kept, of a word that stands twice the first.

    A word that is not there gets the vector of its letters, as long as the file's are on average;
    so does `<unk>`. Raises `UserError` for a file that is no such thing, has vectors of another
    length than `dim`, or has no word of the vocabulary.
    """
    name = plain(path)
    wanted = {word.encode("utf-8", "surrogatepass"): i for i, word in enumerate(words)}
    table = np.zeros((len(words), dim), np.float32)
    known = np.zeros(len(words), bool)
    for number, line in enumerate(_lines(path), 1):
        first, _, rest = line.partition(b" ")
        if number == 1:
            _require_dim(name, line, dim)
        index = wanted.get(first)
        if index is None or known[index] or (number == 1 and _is_header(line)):
            continue
        parts = rest.split()
        if len(parts) > dim:  # a phrase that begins with the word, as GloVe's web files have them
            continue
        table[index] = _numbers(f"{name}, line {number}", parts, dim)
        known[index] = True
    known[[i for i, word in enumerate(words) if word in (END, UNKNOWN)]] = False
    if not known.any():
        raise UserError(
            f"{name}: has none of the {len(words) - 2:,} words of the captions; is it of another "
            "language, or in capitals?"
        )
    length = float(np.linalg.norm(table[known], axis=1).mean())
    missing = tuple(w for i, w in enumerate(words) if not known[i] and w not in (END, UNKNOWN))
    for index, word in enumerate(words):
        if word == END:
            table[index] = 0
        elif not known[index]:
            table[index] = length * hashed(word, dim)
    return Found(table, missing, path.name)


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file. Raises `UserError` for what is no text of words and numbers."""
    try:
        if not path.is_file():
            raise UserError(f"{plain(path)}: there is no such file of word vectors")
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE):
                number += 1
                if len(line) == LONGEST_LINE:
                    raise UserError(
                        f"{plain(path)}, line {number}: longer than {LONGEST_LINE:,} bytes; give "
                        "the text form of fastText (.vec) or GloVe (.txt)"
                    )
                yield line.rstrip(b" \r\n")
    except OSError as error:
        raise UserError(f"{plain(path)}: cannot be read ({error.strerror})") from None


def _is_header(line: bytes) -> bool:
    """Whether it is fastText's first line: how many words, and how many numbers each has."""
    parts = line.split()
    return len(parts) == 2 and all(part.isdigit() for part in parts)


def _require_dim(name: str, line: bytes, dim: int) -> None:
    """Raise `UserError` where the first line says another length."""
    parts = line.split()
    if len(parts) < 2:
        raise UserError(
            f"{name}, line 1: holds no word with numbers; give the text form of fastText (.vec) or "
            "GloVe (.txt)"
        )
    has = int(parts[1][:9]) if _is_header(line) else len(parts) - 1
    if has != dim:
        raise UserError(f"{name}: its vectors have {has} numbers, not {dim}; set vectors.dim={has}")


def _numbers(place: str, parts: Sequence[bytes], dim: int) -> np.ndarray:
    """(dim,) float32. Raises `UserError` with the place for what is none, or not finite."""
    try:
        found = np.array([float(part) for part in parts], np.float64)
    except ValueError:
        raise UserError(f"{place}: holds what is no number; is the file damaged?") from None
    if len(found) != dim:
        raise UserError(f"{place}: has {len(found)} numbers, not {dim}; is the file whole?")
    found = found.astype(np.float32) if np.abs(found).max() < 1e30 else found * np.nan
    if not np.isfinite(found).all():
        raise UserError(f"{place}: holds a number that is not finite; is the file damaged?")
    return found
