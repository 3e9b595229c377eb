"""How an encoder takes captions: as words, as characters, as word pieces, or as their sound.

An encoder says it by its attribute `reads`, and so does a system by its encoder; one that reads
word pieces has the tokeniser that makes them as `pieces`. Nothing here imports torch: the text of a
command is checked before that loads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from experiments.data.text import alphabet
from experiments.data.text.pieces import Pieces
from experiments.data.text.vocabulary import Vocabulary
from experiments.data.text.words import Tokeniser, unicode_words

Reads = Literal["words", "characters", "wordpieces", "speech"]
SPEECH: Reads = "speech"  # captions are heard: `data/view/speech.py`


def encode(
    reads: Reads, captions: Sequence[str], pieces: Pieces | None
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens (M, T), padded with 0, and lengths (M,) of captions, where no vocabulary is needed."""
    if reads == "characters":
        return alphabet.encode_characters(captions)
    assert reads == "wordpieces" and pieces is not None, f"{reads}: nothing makes tokens of it"
    return pieces.encode_all(captions)


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


def pieces_of(reader: object) -> Pieces | None:
    """What cuts captions into pieces for an encoder or a system; None where it reads none."""
    found: Pieces | None = getattr(reader, "pieces", None)
    return found


def hears(reader: object) -> bool:
    """Whether an encoder or a system takes captions as their sound."""
    return reads_of(reader) == SPEECH


def reader_of(
    reads: Reads,
    words: Sequence[str],
    max_words: int,
    pieces: Pieces | None = None,
    tokeniser: Tokeniser = "ascii",
) -> tuple[Reader, int]:
    """What makes tokens of a caption, and how many of them are kept. `words` are those of the
    vocabulary, `max_words` the most of them, `tokeniser` cuts a caption into them; only an encoder
    of words asks for these. `pieces`: for one that reads such."""
    assert reads != SPEECH, "what is heard has no tokens"
    longest = longest_of(reads, max_words, pieces)
    if reads == "characters":
        return alphabet.Alphabet(), longest
    if reads == "wordpieces":
        assert pieces is not None, "an encoder of pieces has a tokeniser"
        return pieces, longest
    return Vocabulary(list(words), tokeniser), longest


def longest_of(reads: Reads, max_words: int, pieces: Pieces | None = None) -> int:
    """How many tokens are kept of a caption; `max_words` of them where they are words."""
    if pieces is not None:
        return pieces.length
    return alphabet.LENGTH if reads == "characters" else max_words


def count_of(reader: Reader, caption: str) -> int:
    """How many tokens the whole of a caption has."""
    return reader.count(caption) if isinstance(reader, Pieces) else len(reader.encode(caption))


def words_of(reader: Reader, caption: str) -> list[str]:
    """The words of a caption, to be looked at one by one; of a vocabulary as that cuts them."""
    return reader.split(caption) if isinstance(reader, Vocabulary) else unicode_words(caption)


def labels_of(reader: Reader, caption: str, longest: int) -> list[str]:
    """What attention looks at in a caption, one for each place: words, or pieces of them."""
    if isinstance(reader, Pieces):
        return reader.labels(caption)
    return words_of(reader, caption)[:longest]
