"""The words of a caption while it is typed: which the model has seen, and what is near to those
that it has not."""

from __future__ import annotations

import difflib
from functools import lru_cache

from experiments.app.wish import Word
from experiments.data.text.reading import Reader, words_of
from experiments.data.text.vocabulary import END, UNKNOWN, Vocabulary

NEAR = 0.6  # of difflib, from which on a word is offered
MOST = 100  # words of a text that are looked at
OFFERED = 8  # of the unknown ones that get one: to look takes some 6 ms each, at every key


def words_in(reader: Reader, text: str) -> tuple[Word, ...]:
    """Each word of a text. What is read letter by letter, or in pieces of words, has no unknown
    words but those that no piece of it spells. The first `OFFERED` unknown ones get a nearest."""
    found: list[Word] = []
    asked: set[str] = set()
    for word in words_of(reader, text)[:MOST]:
        known = not reader.unknown(word)
        nearest = None
        if not known and isinstance(reader, Vocabulary) and len(asked | {word}) <= OFFERED:
            asked.add(word)
            nearest = nearest_to(word, reader.words)
        found.append(Word(word, known, nearest))
    return tuple(found)


@lru_cache(maxsize=4096)
def nearest_to(word: str, words: tuple[str, ...]) -> str | None:
    """The word of a vocabulary that is spelt most like it, None where none is."""
    some = [each for each in words if each not in (END, UNKNOWN)]
    near = difflib.get_close_matches(word, some, n=1, cutoff=NEAR)
    return near[0] if near else None
