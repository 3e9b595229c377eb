"""The words of a data set: its vocabulary, and what of its captions that leaves out, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.data.record import Record
from experiments.data.store.picture import damaged, read_json
from experiments.data.store.table import write_json
from experiments.data.text.vocabulary import Vocabulary
from experiments.data.text.words import Tokeniser, unicode_words
from experiments.terminal.error import UserError


@dataclass(frozen=True)
class Wording:
    """Where the words of a data set lie, and what they depend on besides its captions."""

    folder: Path
    tokeniser: Tokeniser
    min_count: int

    @property
    def suffix(self) -> str:
        """Of files that depend on the vocabulary."""
        return "" if self.min_count == 1 else f"-min{self.min_count}"

    @property
    def vocabulary(self) -> Path:
        """The file of the words."""
        return self.folder / f"vocabulary{self.suffix}.json"

    @property
    def left_out(self) -> Path:
        """The file of what `counts` returns."""
        return self.folder / f"words{self.suffix}.json"

    def counts(self) -> dict[str, int]:
        """What `counted` found; empty for folders from before it was counted."""
        found = read_json(self.left_out) if self.left_out.exists() else {}
        good = isinstance(found, dict) and all(type(count) is int for count in found.values())
        if not good:
            raise damaged(self.left_out, "not numbers")
        return dict(found)


class Captions(Iterable[str]):
    """All captions of records, as often as they are asked for."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records

    def __iter__(self) -> Iterator[str]:
        return (caption for record in self.records for caption in record.captions)


def write_words(words: Wording, given: list[str] | None, records: Sequence[Record]) -> None:
    """Write the vocabulary of the captions, or the `given` one that comes with them.

    Raises `UserError` where a given one cannot be made smaller.
    """
    captions = Captions(records)
    if given is None:
        vocabulary = Vocabulary.build(captions, words.tokeniser, words.min_count)
    elif words.min_count > 1:
        raise UserError(
            f"data.min_count={words.min_count}: these data come with a vocabulary of their own, "
            "which an encoder needs as it is; leave the key away"
        )
    else:
        vocabulary = Vocabulary(given, words.tokeniser)
    write_json(words.left_out, counted(vocabulary, captions))
    vocabulary.save(words.vocabulary)


def open_words(words: Wording) -> Vocabulary:
    """What `write_words` wrote. Raises `UserError` for a damaged file."""
    try:
        return Vocabulary.load(words.vocabulary, words.tokeniser)
    except UserError:
        raise damaged(words.vocabulary, "not a list of words") from None


def counted(vocabulary: Vocabulary, captions: Iterable[str]) -> dict[str, int]:
    """How many words captions have that are not in the vocabulary (`unknown_words`, and how often
    they stand there: `unknown`), and how often a word lost letters that are not ASCII (`altered`).
    """
    unknown = Counter(word for caption in captions for word in vocabulary.unknown(caption))
    altered = 0
    if vocabulary.tokeniser == "ascii":
        foreign = (caption for caption in captions if not caption.isascii())
        altered = sum(not word.isascii() for text in foreign for word in unicode_words(text))
    return {"unknown_words": len(unknown), "unknown": unknown.total(), "altered": altered}


def told_words(counts: Mapping[str, Any]) -> str:
    """What is lost of the captions, for the end of a line; empty where nothing is."""
    line = ""
    if counts.get("unknown"):
        line += (
            f"; words that are not in the vocabulary and read as unknown: "
            f"{counts['unknown_words']:,}, {counts['unknown']:,} times"
        )
    if counts.get("altered"):
        line += f"; words that lose their letters beyond ASCII: {counts['altered']:,} times"
    return line
