"""Names that other people gave to files, classes and words: which are usable, and how to show one.

A message is one line for a terminal, whatever stands in a file: no name may break it, paint over it
or fill the screen.
"""

from __future__ import annotations

import unicodedata
from pathlib import PurePath

_UNUSABLE = ("Cc", "Cs", "Zl", "Zp")  # controls, halves of surrogate pairs, breaks of lines
LONGEST = 100  # letters of a name in a message
LONGEST_PATH = 300


def is_name(text: str) -> bool:
    """Whether the text is one line of UTF-8 without controls.

    `str.isprintable` would refuse spaces that do not break and the joiners of emoji, too.
    """
    return text.isprintable() or all(unicodedata.category(c) not in _UNUSABLE for c in text)


def shown(value: object) -> str:
    """A string or path in quotes, escaped and cut; of anything else its type.

    Data of others can be nested so that their `repr` has no end.
    """
    if isinstance(value, PurePath):
        value = str(value)
    if type(value) not in (str, int, float, bool, type(None)):
        return f"a {type(value).__name__.strip('_').lower()}"
    if isinstance(value, int) and abs(value) >= 2**64:
        return "a huge number"
    text = repr(value) if len(str(value)) <= LONGEST else repr(str(value)[:LONGEST]) + "..."
    return text if text.isprintable() else ascii(text)


def plain(text: str | PurePath) -> str:
    """A path or a dotted name as it is, where that is a line of some length; else as `shown`."""
    text = str(text)
    return text if is_name(text) and len(text) <= LONGEST_PATH else shown(text)
