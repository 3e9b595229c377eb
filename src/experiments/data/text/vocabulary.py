"""Words and their indices: the part of a data set that a text encoder is tied to.

Conventions of the released AttnGAN (Xu 2018): words are in the order of the alphabet, index 0 is
the end of a sentence and the padding. An unknown word has an index here; in the original it was
dropped silently. How a caption is cut into words: `words.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from experiments.data.text.words import SPLIT, Tokeniser, require_tokeniser
from experiments.file.name import is_name, shown
from experiments.file.parse import parse_json
from experiments.file.whole import aside
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.line import number_of

END = "<end>"
UNKNOWN = "<unk>"


class Vocabulary:
    """An ordered list of words. `words` may leave out `<end>` (put first) and `<unk>` (put last).

    `tokeniser`: how captions are cut into its words; `ascii` is that of released vocabularies.
    Raises `UserError` for a list without a word (an encoder made for it could read nothing), with a
    word twice, or with `<end>` at another place than 0.
    """

    def __init__(self, words: list[str], tokeniser: Tokeniser = "ascii") -> None:
        require_tokeniser(tokeniser)
        self.tokeniser, self.split = tokeniser, SPLIT[tokeniser]
        if words[:1] != [END]:
            words = [END, *words]
        if UNKNOWN not in words:
            words = [*words, UNKNOWN]
        if len(words) < 3:
            raise UserError("vocabulary: it holds no word; were the captions found?")
        self.words: tuple[str, ...] = tuple(words)
        self._index = {word: index for index, word in enumerate(self.words)}
        if len(self._index) != len(self.words):
            twice = next(w for i, w in enumerate(self.words) if self._index[w] != i)
            raise UserError(
                f"vocabulary: {shown(twice)} stands in it twice; use the list as published"
            )
        bad = next((word for word in self.words if not is_name(word)), None)
        if bad is not None:
            raise UserError(f"vocabulary: {shown(bad)} is no word; use the list as published")
        self.unknown_index = self._index[UNKNOWN]

    @classmethod
    def build(
        cls, captions: Iterable[str], tokeniser: Tokeniser = "ascii", min_count: int = 1
    ) -> Vocabulary:
        """The words that stand in the captions at least `min_count` times, sorted: the order of the
        captions changes nothing. Raises `UserError` where there is none."""
        require_tokeniser(tokeniser)
        counts = Counter(word for caption in captions for word in SPLIT[tokeniser](caption))
        known = sorted(word for word, count in counts.items() if count >= min_count)
        if counts and not known:
            raise UserError(
                f"data.min_count={min_count}: no word of the captions stands in them so often; the "
                f"most frequent does {max(counts.values())} times"
            )
        return cls(known, tokeniser)

    def encode(self, caption: str) -> list[int]:
        """Indices of the words, without padding; `<unk>` for those that are not known."""
        return [self._index.get(word, self.unknown_index) for word in self.split(caption)]

    def unknown(self, caption: str) -> list[str]:
        """The words of the caption that are not in the vocabulary, in order."""
        return [word for word in self.split(caption) if word not in self._index]

    def require_known(self, caption: str) -> None:
        """Raise `UserError` for a sentence that says nothing to an encoder of this vocabulary."""
        words, unknown = self.split(caption), self.unknown(caption)
        if not words:
            script = " in English letters" if self.tokeniser == "ascii" else ""
            raise UserError(f"caption {caption!r}: it holds no word; write one{script}")
        if len(unknown) == len(words):
            raise UserError(
                f"caption {caption!r}: no word is known to the text encoder "
                f"({', '.join(unknown)}); describe it in the words of the data set"
            )

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that differ where any index differs."""
        return hashlib.sha256("\n".join(self.words).encode()).hexdigest()[:12]

    def save(self, path: Path) -> None:
        """Write the words as a JSON list, in index order."""
        with aside(path, alone=True) as partial:
            partial.write_text(json.dumps(self.words), encoding="utf-8")

    @classmethod
    def load(cls, path: Path, tokeniser: Tokeniser = "ascii") -> Vocabulary:
        """Read what `save` wrote. Raises `UserError` for a file that is no list of words."""
        try:
            words = parse_json(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise UserError(f"{path}: the vocabulary cannot be read ({reason_of(error)})") from None
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise UserError(f"{path}: the vocabulary must be a JSON list of words")
        return cls(words, tokeniser)

    def __len__(self) -> int:
        return len(self.words)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.words == other.words

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return f"Vocabulary({number_of(len(self), 'word')}, {self.hash})"
