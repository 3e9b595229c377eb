"""How an encoder takes captions: as words, as characters, as word pieces, or as their sound.

An encoder says it by its attribute `reads`, and so does a system by its encoder. Nothing here
imports torch: the text of a command is checked before that loads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import numpy as np

from experiments.data.text import alphabet, wordpiece
from experiments.data.text.vocabulary import Vocabulary
from experiments.data.text.words import Tokeniser, unicode_words

Reads = Literal["words", "characters", "wordpieces", "speech"]
SPEECH: Reads = "speech"  # captions are heard: `data/view/speech.py`

# Tokens (M, T), padded with 0, and lengths (M,) of captions, where no vocabulary is needed.
ENCODE: dict[Reads, Callable[[Sequence[str]], tuple[np.ndarray, np.ndarray]]] = {
    "characters": alphabet.encode_characters,
    "wordpieces": wordpiece.encode_wordpieces,
}


class Reader(Protocol):
    """Reads one caption at a time."""

    def encode(self, caption: str) -> list[int]:
        """Tokens without padding."""

    def unknown(self, caption: str) -> list[str]:
        """What of the caption has no token of its own."""

    def require_known(self, caption: str) -> None:
        """Raise `UserError` for a caption that says nothing."""


def reads_of(reader: object) -> Reads:
    """How an encoder or a system reads captions; words where it does not say."""
    found: Reads = getattr(reader, "reads", "words")
    return found


def hears(reader: object) -> bool:
    """Whether an encoder or a system takes captions as their sound."""
    return reads_of(reader) == SPEECH


def reader_of(
    reads: Reads,
    words: Sequence[str],
    max_words: int,
    pieces: Sequence[str] | None = None,
    tokeniser: Tokeniser = "ascii",
) -> tuple[Reader, int]:
    """What makes tokens of a caption, and how many of them are kept. `words` are those of the
    vocabulary, `max_words` the most of them, `tokeniser` cuts a caption into them; only an encoder
    of words asks for these. `pieces`: of words, by default those of the package that carries
    them."""
    assert reads != SPEECH, "what is heard has no tokens"
    longest = longest_of(reads, max_words)
    if reads == "characters":
        return alphabet.Alphabet(), longest
    if reads == "wordpieces":
        return wordpiece.WordPieces(pieces), longest
    return Vocabulary(list(words), tokeniser), longest


def longest_of(reads: Reads, max_words: int) -> int:
    """How many tokens are kept of a caption; `max_words` of them where they are words."""
    lengths: dict[Reads, int] = {"characters": alphabet.LENGTH, "wordpieces": wordpiece.LENGTH}
    return lengths.get(reads, max_words)


def words_of(reader: Reader, caption: str) -> list[str]:
    """The words of a caption, to be looked at one by one; of a vocabulary as that cuts them."""
    return reader.split(caption) if isinstance(reader, Vocabulary) else unicode_words(caption)
