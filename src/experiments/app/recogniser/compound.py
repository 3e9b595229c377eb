"""What was heard, in the words of the captions: compounds and spellings put right.

A recogniser of any English writes `redhead`, `wing-bars`, `gray`, `two`, with capitals and full
stops, where the captions of a run write `red head`, `wing bars`, `grey`, `2`. Only words that the
run does not know are changed, and only to words that it does know.
"""

from __future__ import annotations

from collections.abc import Collection

from experiments.app.recogniser.language import spoken_words

SHORTEST = 2  # letters of a part of a compound
SPELLINGS = (
    *(("gray", "grey"), ("grayish", "greyish"), ("color", "colour"), ("colored", "coloured")),
    *(("colors", "colours"), ("colorful", "colourful"), ("plow", "plough"), ("ax", "axe")),
    *(("zero", "0"), ("one", "1"), ("two", "2"), ("three", "3"), ("four", "4"), ("five", "5")),
    *(("six", "6"), ("seven", "7"), ("eight", "8"), ("nine", "9"), ("ten", "10")),
)
OTHERWISE: dict[str, str] = {**dict(SPELLINGS), **{there: here for here, there in SPELLINGS}}
Change = tuple[str, str]


def put_right(text: str, words: Collection[str]) -> tuple[str, tuple[Change, ...]]:
    """The text in the words of `words` where it can be, and what was changed, as heard and as
    written now. Two words that are one in `words` become one, `sea gull` as `seagull`."""
    heard, known = spoken_words(text), set(words)
    found: list[str] = []
    changed: list[Change] = []
    place = 0
    while place < len(heard):
        word, after = heard[place], heard[place + 1 : place + 2]
        both = word + after[0] if after else ""
        if both in known and not {word, *after} <= known:
            found.append(both)
            changed.append((f"{word} {after[0]}", both))
            place += 2
            continue
        written = _written(word, known)
        found.append(written)
        if written != word:
            changed.append((word, written))
        place += 1
    return " ".join(found), tuple(changed)


def _written(word: str, known: Collection[str]) -> str:
    """As the captions write it; the word itself where they do not, or know it."""
    stem = word.removesuffix("'s")
    if word in known or stem in known:
        return word
    if (other := OTHERWISE.get(word, "")) in known:
        return other
    cuts = range(SHORTEST, len(word) - SHORTEST + 1)
    parts = [(word[:cut], word[cut:]) for cut in cuts]
    fitting = [pair for pair in parts if set(pair) <= set(known)]
    # Of several the one whose shorter part is longest.
    return " ".join(max(fitting, key=lambda pair: min(map(len, pair)))) if fitting else word
