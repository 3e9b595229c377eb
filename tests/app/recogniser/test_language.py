"""The trigram model: its probabilities by hand, that they sum to 1, and what Sphinx reads."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from experiments.app.recogniser.language import BEGIN, END, language_of, spoken_words

SMALL = ["a b", "a b", "a c"]
CAPTIONS = [
    "this bird's crown is red",
    "a small bird with a red crown and a white belly",
    "a bird with a white belly",
    "the belly is white",
    "a small bird, flying",
]


def test_words_are_those_that_are_said() -> None:
    assert spoken_words("This bird’s bill is two-toned, RED.") == [
        *("this", "bird's", "bill", "is", "two", "toned", "red")
    ]


def test_probabilities_are_those_of_absolute_discounting() -> None:
    # Of the bigrams two are seen once and two twice: D = 2 / (2 + 2 * 2).
    model = language_of(SMALL, free=0.0)
    assert 10 ** model.score("b", ["a"]) == pytest.approx((2 - 1 / 3) / 3)
    assert 10 ** model.score("c", ["a"]) == pytest.approx((1 - 1 / 3) / 3)
    # What is left after "a", 2 * D / 3, goes to "a" and the end, by how often they are said: 3 of
    # each, as all four words are seen and none is discounted.
    assert 10 ** model.score("a", ["a"]) == pytest.approx((2 / 9) / 2)


@pytest.mark.parametrize("free", [0.0, 0.05, 0.3])
def test_probabilities_sum_to_one_after_every_history(free: float) -> None:
    model = language_of(CAPTIONS, free=free)
    words = [*model.words, END]
    for before in ((), (BEGIN,), ("a",), ("a", "small"), ("belly", "is"), ("red", "red"), ("is",)):
        total = sum(10 ** model.score(word, before) for word in words)
        assert total == pytest.approx(1, abs=1e-6), before


def test_a_share_of_every_history_is_kept_for_what_nobody_said() -> None:
    model = language_of(["a b c"] * 100, free=0.2)
    assert 10 ** model.score("b", [BEGIN, "a"]) == pytest.approx(0.8 + 0.2 * 0.2 * 0.25, abs=0.08)
    assert model.score("c", [BEGIN, "a"]) > -3
    assert model.score("d", [BEGIN, "a"]) == -math.inf


def test_without_captions_all_words_are_alike() -> None:
    model = language_of([], ["red", "blue", "bird"])
    assert model.words == ("bird", "blue", "red")
    assert {round(10 ** model.score(word, [BEGIN, "red"]), 6) for word in model.words} == {0.25}
    with pytest.raises(ValueError, match="no word"):
        language_of([], [])


def test_sphinx_reads_the_same_numbers(tmp_path: Path) -> None:
    sphinx = pytest.importorskip("pocketsphinx")
    model = language_of(CAPTIONS)
    path = tmp_path / "captions.arpa"
    path.write_text(model.arpa())
    read = sphinx.NGramModel(sphinx.Config(lm=str(path)), sphinx.LogMath(), str(path))
    logs = sphinx.LogMath()
    for words in (["a", "small", "bird"], ["red", "crown", "and"], ["white", "white", "bird"]):
        found = logs.log_to_log10(read.prob(words[::-1]))
        assert found == pytest.approx(model.score(words[-1], words[:-1]), abs=0.01), words
