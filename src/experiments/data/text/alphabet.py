"""Characters and their indices, for encoders that read letters (Reed et al. 2016, CVPR, section 5).

70 symbols of which 69 differ: `-` stands in the list twice and the later place wins, as in the
dictionary of the released code. Captions are lowered first. Index 0 is the all-zero column: the
padding, and every character that is not in the list. Text beyond 201 characters is cut.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence

import numpy as np

from experiments.terminal.error import UserError
from experiments.terminal.line import number_of, say_once

SYMBOLS = string.ascii_lowercase + string.digits + "-,;.!?:'\"/\\|_@#$%^&*~`" + "+-=<>()[]{}" + " "
LENGTH = 201
CODES = 128  # all symbols are ASCII; larger code points share the last row, which is unknown

_TABLE = np.zeros(CODES + 1, np.uint8)
for _index, _symbol in enumerate(SYMBOLS, start=1):
    _TABLE[ord(_symbol)] = _index


def encode_characters(captions: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Indices uint8 (M, 201), padded with 0, and lengths int64 (M,) of the captions."""
    lowered = [caption.lower()[:LENGTH] for caption in captions]
    lengths = np.array([len(caption) for caption in lowered], np.int64)
    points = np.frombuffer("".join(lowered).encode("utf-32-le", "surrogatepass"), np.uint32)
    tokens = np.zeros((len(lowered), LENGTH), np.uint8)
    tokens[np.arange(LENGTH) < lengths[:, None]] = _TABLE[np.minimum(points, CODES)]
    return tokens, lengths


_KNOWN = str.maketrans("", "", SYMBOLS)


def outside(captions: Iterable[str]) -> tuple[int, int]:
    """How many characters of the captions, as far as they are read, are not in the alphabet, and
    how many captions have one."""
    counts = [len(text.lower()[:LENGTH].translate(_KNOWN)) for text in captions]
    return sum(counts), sum(count > 0 for count in counts)


class Alphabet:
    """What `Vocabulary` offers to who reads a caption, for characters."""

    def encode(self, caption: str) -> list[int]:
        """Indices of the first 201 characters, without padding; 0 for those that are not known."""
        (tokens,), (length,) = encode_characters([caption])
        found: list[int] = tokens[:length].tolist()
        return found

    def unknown(self, caption: str) -> list[str]:
        """The characters of the caption that are not in the alphabet, in order."""
        return [symbol for symbol in caption.lower() if symbol not in SYMBOLS]

    def require_known(self, caption: str) -> None:
        """Raise `UserError` for a caption that says nothing to an encoder of letters."""
        if not any(symbol in SYMBOLS and symbol.isalnum() for symbol in caption.lower()[:LENGTH]):
            raise UserError(
                f"caption {caption!r}: it holds no letter that is known to the text encoder; "
                "write in English letters"
            )


def tell_letters(name: str, captions: Sequence[Sequence[str]]) -> None:
    """Say how many letters an encoder of characters does not know, and reads as nothing."""
    letters, count = outside(text for texts in captions for text in texts)
    if letters:
        say_once(
            f"{name}: letters outside the alphabet of the text encoder, which it reads as nothing: "
            f"{letters:,}, in {number_of(count, 'caption', ',')}"
        )
