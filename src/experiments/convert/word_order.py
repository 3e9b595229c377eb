"""In which order the words of a `captions.pickle` stand: who wrote it follows from that.

The released code numbers words in the order of a dictionary. Under Python 2, with which the files
were released, that is the order of the words' hashes in a table; since Python 3.7 it is that of
their first appearance. A file that was written anew has the same words and gives each another
number: an encoder then reads other words, without any sign of it.
"""

from __future__ import annotations

import numpy as np

FEWEST = 200  # words, of which an order can be told
AGREEMENT = (
    0.5  # rank correlation: 0 +- 0.07 for another order of the fewest words, and less of more
)
MASK = (1 << 64) - 1


def python2_hash(word: str) -> int:
    """The hash of an ASCII string in 64-bit Python 2.7, as an unsigned number."""
    found = ord(word[0]) << 7 if word else 0
    for letter in word:
        found = (1000003 * found & MASK) ^ ord(letter)
    found ^= len(word)
    return found if found != MASK else MASK - 1  # -1 says that there is none


def table_size(entries: int) -> int:
    """Slots of a dictionary of Python 2.7 after so many insertions."""
    size = 8
    for used in range(1, entries + 1):
        if 3 * used >= 2 * size:
            wanted = (2 if used > 50_000 else 4) * used
            size = 8
            while size <= wanted:
                size *= 2
    return size


def is_python2_order(words: list[str]) -> bool | None:
    """Whether words, without `<end>`, stand as a dictionary of Python 2 hands them out; None for
    too few of them to tell. Words whose slots are taken move elsewhere, hence a correlation."""
    if len(words) < FEWEST:
        return None
    last = table_size(len(words)) - 1
    slots = np.array([python2_hash(word) & last for word in words])
    rank = slots.argsort(kind="stable").argsort(kind="stable")
    return float(np.corrcoef(rank, np.arange(len(words)))[0, 1]) > AGREEMENT
