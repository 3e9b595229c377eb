"""Whether a description was heard at all, or something else was taken for one.

A recogniser of captions makes captions of everything: of music, of Greek. What gives it away is how
badly the sound fits the words, and the words fit captions. Scores are Sphinx's own: of each frame
of 10 ms the logarithm of how much less likely the sound is in this word than in the phone that fits
best. The bounds stand in docs/recogniser.md, with what they were measured on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

PAUSES = ("<s>", "</s>", "<sil>")
SHORTEST = 2  # words of a description
LONGEST = 100  # frames of one word: a second
SLOWEST = 37.0  # frames of a word in the mean; speech has 15 to 36
NOISE = 0.15  # of what is heard beside pauses, that is no word
PAUSING = 2.0  # how much pauses weigh: of speech they are a tenth, of songs and melodies half
OTHER = 5.6  # how badly sound and words may fit, of a caption's words
OTHER_GENERAL = 5.2  # of any English words, whose order says nothing
LOWEST = -700.0  # in place of the logarithm of what is too small for a float
SAY = "say a description, as 'a small red bird with a white belly'"


@dataclass(frozen=True)
class Part:
    """A stretch of sound and the word in it, `[NOISE]` and the like for none; `score`: of all its
    frames together."""

    word: str
    frames: int
    score: float

    @property
    def is_word(self) -> bool:
        return self.word[0] not in "<[+"


def parts_of(segments: Iterable[Any]) -> list[Part]:
    """Of pocketsphinx's segments, which give their scores as numbers, not logarithms."""
    return [
        Part(
            each.word.partition("(")[0],
            each.end_frame - each.start_frame + 1,
            math.log(each.ascore) if each.ascore > 0 else LOWEST,
        )
        for each in segments
    ]


def text_of(parts: Iterable[Part]) -> str:
    return " ".join(part.word for part in parts if part.is_word)


def paused(parts: list[Part]) -> float:
    """The share of pauses in what lies between the first word and the last."""
    places = [place for place, part in enumerate(parts) if part.is_word]
    inner = parts[places[0] : places[-1] + 1]
    return sum(part.frames for part in inner if part.word in PAUSES) / sum(p.frames for p in inner)


def doubt_of(parts: list[Part], unlikely: Callable[[list[str]], float] | None = None) -> str | None:
    """Why nothing is to be made of what was heard, in a line; None where it is a description.

    unlikely: how unlikely words are in a caption, minus log10 of the mean probability of one; None
    where words are those of any English.
    """
    words = [part for part in parts if part.is_word]
    other = [part for part in parts if not part.is_word and part.word not in PAUSES]
    if not words:
        return f"no speech is heard, only noise or silence; {SAY}"
    said, noise = sum(part.frames for part in words), sum(part.frames for part in other)
    if (
        noise > NOISE * (said + noise)
        or said > SLOWEST * len(words)
        or max(part.frames for part in words) > LONGEST
    ):
        return f"this sounds like noise or music, not like speech; {SAY}"
    if len(words) < SHORTEST:
        return f"one word is heard, {words[0].word!r}, and no description; {SAY}"
    unfit = -sum(part.score for part in words) / said + PAUSING * paused(parts)
    if unlikely is None:
        bound = OTHER_GENERAL
    else:
        unfit, bound = unfit + unlikely([part.word for part in words]), OTHER
    if unfit > bound:
        return (
            "this does not sound like a description in English words that the model knows; say it "
            "again, clearly and in one go, or type it"
        )
    return None
