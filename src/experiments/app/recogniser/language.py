"""A trigram model of captions, as ARPA text that recognisers read.

Absolute discounting (Ney, Essen and Kneser 1994): what was seen is counted a little less, by
D = n1 / (n1 + 2 n2) of each order, n1 and n2 being how many n-grams were seen once and twice, and
the rest goes to the shorter history: at least `FREE` of it, since people say what no caption does,
as `a red bird` where captions name parts. So every word of the vocabulary may follow every other.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

BEGIN, END = "<s>", "</s>"
ORDER = 3
NEVER = -99.0  # log10 of the probability of what only begins a sentence
FREE = 0.05  # of the mass after each history, for words that never followed it
LEAST = 1e-7  # of the mass that is left to a shorter history, which must not be none
SPOKEN = re.compile(r"\w+(?:['’]\w+)*")
Gram = tuple[str, ...]


def spoken_words(caption: str) -> list[str]:
    """The words of a caption as they are said, in lower case: `bird's` is one."""
    return [word.replace("’", "'") for word in SPOKEN.findall(caption.lower())]


@dataclass(frozen=True)
class Language:
    """log10 of the probabilities of words after at most two others, by n-gram, and of what is left
    to shorter histories. `words`: what can be said, sorted."""

    words: tuple[str, ...]
    probability: Mapping[Gram, float]
    backoff: Mapping[Gram, float]

    def score(self, word: str, before: Sequence[str] = ()) -> float:
        """log10 of the probability of a word after others, of which the last two count; minus
        infinity for a word that is not known."""
        history = tuple(before)[-(ORDER - 1) :]
        given = 0.0
        while (*history, word) not in self.probability:
            if not history:
                return -math.inf
            given += self.backoff.get(history, 0.0)
            history = history[1:]
        return given + self.probability[(*history, word)]

    def arpa(self) -> str:
        """The model in the format of Doug Paul (MIT Lincoln Laboratory, 1991), which pocketsphinx
        reads."""
        grams = [sorted(g for g in self.probability if len(g) == n) for n in range(1, ORDER + 1)]
        lines = ["\\data\\", *(f"ngram {n}={len(rows)}" for n, rows in enumerate(grams, 1))]
        for order, rows in enumerate(grams, 1):
            lines += ["", f"\\{order}-grams:"]
            for gram in rows:
                rest = f"\t{self.backoff[gram]:.5f}" if gram in self.backoff else ""
                lines.append(f"{self.probability[gram]:.5f}\t{' '.join(gram)}{rest}")
        return "\n".join([*lines, "", "\\end\\", ""])


def language_of(
    captions: Iterable[str], vocabulary: Iterable[str] = (), free: float = FREE
) -> Language:
    """The model of captions. `vocabulary`: further words that may be said, which share what
    discounting leaves of single words; without a caption all words are equally likely.

    Raises `ValueError` where there is no word.
    """
    counts, further = _counted(captions), {w for word in vocabulary for w in spoken_words(word)}
    words = tuple(sorted({*(gram[0] for gram in counts[0]), *further} - {BEGIN, END}))
    if not words:
        raise ValueError("no word to be said")
    probability: dict[Gram, float] = {}
    backoff: dict[Gram, float] = {}
    shares = _single(counts[0], [*words, END])
    probability |= {(word,): math.log10(share) for word, share in shares.items()}
    lower: dict[Gram, float] = {(word,): share for word, share in shares.items()}
    for found in counts[1:]:
        lower = _longer(found, lower, free, probability, backoff)
    probability[(BEGIN,)] = NEVER
    return Language(words, probability, backoff)


def _counted(captions: Iterable[str]) -> list[Counter[Gram]]:
    """How often each n-gram stands in the captions, by its length."""
    counts: list[Counter[Gram]] = [Counter() for _ in range(ORDER)]
    for caption in captions:
        words = spoken_words(caption)
        if not words:
            continue
        said = [BEGIN, *words, END]
        for length, found in enumerate(counts, 1):
            found.update(tuple(said[k : k + length]) for k in range(len(said) - length + 1))
    del counts[0][(BEGIN,)]
    return counts


def _single(counts: Counter[Gram], words: Sequence[str]) -> dict[str, float]:
    """The probability of each word by itself."""
    total, unseen = sum(counts.values()), [word for word in words if not counts[(word,)]]
    if not total:
        return dict.fromkeys(words, 1 / len(words))
    taken = _discount(counts) if unseen else 0.0
    left = taken * len(counts) / total
    found = {word: (counts[(word,)] - taken) / total for word in words if counts[(word,)]}
    return found | dict.fromkeys(unseen, left / len(unseen) if unseen else 0.0)


def _longer(
    counts: Counter[Gram],
    lower: Mapping[Gram, float],
    free: float,
    probability: dict[Gram, float],
    backoff: dict[Gram, float],
) -> dict[Gram, float]:
    """The probabilities of n-grams that were seen; what is left of each history goes to `backoff`.

    lower: of all shorter n-grams that were seen.
    """
    taken = _discount(counts)
    followers: dict[Gram, list[Gram]] = defaultdict(list)
    for gram in counts:
        followers[gram[:-1]].append(gram)
    shares: dict[Gram, float] = {}
    for history, grams in followers.items():
        total = sum(counts[gram] for gram in grams)
        left = max(taken * len(grams) / total, free, LEAST)
        kept = (1 - left) / (total - taken * len(grams))
        for gram in grams:
            shares[gram] = (counts[gram] - taken) * kept
            probability[gram] = math.log10(shares[gram])
        room = max(1 - sum(lower[gram[1:]] for gram in grams), LEAST)
        backoff[history] = math.log10(left / room)
    return shares


def _discount(counts: Counter[Gram]) -> float:
    """What each count is lowered by, less than the least of them."""
    once, twice = (sum(count == number for count in counts.values()) for number in (1, 2))
    return once / (once + 2 * twice) if once and twice else 0.5
