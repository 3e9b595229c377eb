"""How a caption is cut into words.

`unicode`: runs of letters, digits and `_` of any script in lower case, in the composed form of
Unicode (NFC, so that an accent is one with its letter however it was typed). Scripts that put no
space between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) have no words that could be told
without a dictionary: each of their letters is a word (this project's choice), with the marks that
belong to it. `ascii`: that of the released AttnGAN (Xu 2018), for its vocabularies: runs of letters
in lower case, of which only what is ASCII is kept. For text in ASCII both are the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

from experiments.terminal.error import UserError

Tokeniser = Literal["unicode", "ascii"]
_RUN = re.compile(r"\w+")
# Letters of scripts without spaces: Thai, Lao, Burmese, Khmer, kana, Chinese characters.
_ALONE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)


def ascii_words(caption: str) -> list[str]:
    """The words of a caption, in order; empty where nothing in ASCII is left."""
    words = (word.encode("ascii", "ignore").decode() for word in _RUN.findall(caption.lower()))
    return [word for word in words if word]


def unicode_words(caption: str) -> list[str]:
    """The words of a caption in any script, in order; empty where it has no letter."""
    if caption.isascii():
        return _RUN.findall(caption.lower())
    # Lower case may take a letter apart (a Turkish capital I with its dot), so it comes first.
    text = unicodedata.normalize("NFC", caption.lower())
    words: list[str] = []
    before: Literal["run", "alone", "nothing"] = "nothing"
    for sign in text:
        if _is_mark(sign):  # no `\w`, but Hindi or Thai would fall apart without
            if before != "nothing":
                words[-1] += sign
        elif _ALONE.match(sign):
            words.append(sign)
            before = "alone"
        elif sign.isalnum() or sign == "_":
            if before == "run":
                words[-1] += sign
            else:
                words.append(sign)
            before = "run"
        else:
            before = "nothing"
    return words


def _is_mark(sign: str) -> bool:
    """Whether it is written on the letter before it: an accent, a vowel sign, a joiner."""
    return unicodedata.category(sign)[0] == "M" or sign in "\u200c\u200d"


SPLIT: dict[Tokeniser, Callable[[str], list[str]]] = {
    "unicode": unicode_words,
    "ascii": ascii_words,
}


def require_tokeniser(name: str) -> None:
    """Raise `UserError` for one that there is none of."""
    if name not in get_args(Tokeniser):
        raise UserError(f"tokeniser: {name!r} is none of {', '.join(get_args(Tokeniser))}")


def tokeniser_of(reader: object) -> Tokeniser:
    """How the captions of a data set are cut into words, as its reader says."""
    found: Tokeniser = getattr(reader, "tokeniser", "unicode")
    return found


def recorded_tokeniser(facts: Mapping[str, Any]) -> Tokeniser:
    """That of a run, by its facts; those that do not say are from when there was but one."""
    found: Tokeniser = facts.get("tokeniser") or "ascii"
    return found
