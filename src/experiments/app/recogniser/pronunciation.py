"""How the words of captions are said: cmudict, a small file of our own, and three rules.

A word that none of them covers is not guessed at letter by letter. It is named, and who asks can
tell people that it is not heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from experiments.file.bounded import read_bounded
from experiments.terminal.error import UserError

OWN = Path(__file__).with_name("pronunciation.txt")
MOST = 20_000_000  # bytes of a dictionary
SHORTEST = 3  # letters of a part of a compound: "re" and "ed" are no words of "redwing"
HISSING, VOICELESS = {"S", "Z", "SH", "ZH", "CH", "JH"}, {"P", "T", "K", "F", "TH"}
Phones = tuple[str, ...]


@dataclass(frozen=True)
class Pronunciations:
    """Of words, one or more each, as phones; `missing`: those that nobody knows how to say."""

    said: Mapping[str, tuple[Phones, ...]]
    missing: tuple[str, ...]

    def dictionary(self) -> str:
        """As pocketsphinx reads it: a word, or `word(2)`, and its phones a line."""
        lines = []
        for word, ways in sorted(self.said.items()):
            for number, phones in enumerate(ways, 1):
                name = word if number == 1 else f"{word}({number})"
                lines.append(f"{name} {' '.join(phones)}")
        return "\n".join([*lines, ""])


def pronounced(words: Iterable[str], dictionary: Path) -> Pronunciations:
    """How words are said that stand in a dictionary in the form of cmudict, in our own file, or are
    made of such words. Raises `UserError` where the dictionary cannot be read."""
    known = _Dictionaries(_read(OWN), _read(dictionary))
    said: dict[str, tuple[Phones, ...]] = {}
    missing: list[str] = []
    for word in sorted(set(words)):
        ways = known.ways(word) or _formed(word, known)
        if ways:
            said[word] = ways
        else:
            missing.append(word)
    return Pronunciations(said, tuple(missing))


class _Dictionaries:
    """Files of pronunciations, of which only the lines that are asked for are taken apart."""

    def __init__(self, *lines: Mapping[str, str]) -> None:
        self.lines = lines

    def ways(self, word: str) -> tuple[Phones, ...]:
        """All ways to say a word, of the first file that has it; none where no file does."""
        for lines in self.lines:
            found: list[Phones] = []
            while phones := lines.get(word if not found else f"{word}({len(found) + 1})"):
                found.append(tuple(phones.split()))
            if found:
                return tuple(found)
        return ()


@lru_cache(maxsize=4)
def _read(path: Path) -> Mapping[str, str]:
    """The phones of each name in a file, in one line."""
    try:
        text = read_bounded(path, MOST).decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path}: is no dictionary of pronunciations (not UTF-8)") from None
    split = (line.split(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return dict(pair for pair in split if len(pair) == 2)


def _formed(word: str, known: _Dictionaries) -> tuple[Phones, ...]:
    """The ways to say a plural, something that is had (`crested`), or two words that are written
    as one; empty where a word is none of these."""
    if word.endswith("s") and (stem := known.ways(word.removesuffix("s").removesuffix("'"))):
        return tuple((*phones, *_plural(phones[-1])) for phones in stem)
    if word.endswith("es") and (stem := known.ways(word[:-2])):  # finch
        return tuple((*phones, *_plural(phones[-1])) for phones in stem)
    if word.endswith("ed"):
        for stem_of in (word[:-1], word[:-2], word[:-3]):  # plume, crest, petal(l)
            if stem := known.ways(stem_of):
                return tuple((*phones, *_had(phones[-1])) for phones in stem)
    for cut in range(SHORTEST, len(word) - SHORTEST + 1):
        first = known.ways(word[:cut].rstrip("_"))
        second = known.ways(word[cut:].lstrip("_")) if first else ()
        if second:
            return ((*first[0], *second[0]),)
    return ()


def _plural(last: str) -> Phones:
    if last in HISSING:
        return ("IH", "Z")
    return ("S",) if last in VOICELESS else ("Z",)


def _had(last: str) -> Phones:
    if last in {"T", "D"}:
        return ("IH", "D")
    return ("T",) if last in VOICELESS | (HISSING - {"Z", "ZH", "JH"}) else ("D",)
