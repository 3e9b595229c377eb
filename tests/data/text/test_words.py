"""How captions are cut into words, in any script."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from experiments.data.reader.plumage import Plumage
from experiments.data.record import Record
from experiments.data.text.alphabet import outside
from experiments.data.text.vocabulary import Vocabulary
from experiments.data.text.words import ascii_words, recorded_tokeniser, unicode_words
from experiments.terminal.error import UserError


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("Ein grünlicher Vogel!", ["ein", "grünlicher", "vogel"]),
        ("gru\u0308nlich", ["grünlich"]),  # typed as a letter and a mark
        ("красная птица", ["красная", "птица"]),
        ("一只红色的鸟 bird", ["一", "只", "红", "色", "的", "鸟", "bird"]),
        ("鳥bird", ["鳥", "bird"]),
        ("한국어 새", ["한국어", "새"]),
        ("हिन्दी में", ["हिन्दी", "में"]),  # whose vowel signs are no letters
        ("สีแดง", ["สี", "แ", "ด", "ง"]),
        ("l'oiseau naïf", ["l", "oiseau", "naïf"]),
        ("🐦 — !?\u0301", []),
    ],
)
def test_words_of_any_script(caption: str, words: list[str]) -> None:
    assert unicode_words(caption) == words


@given(some.text(some.characters(max_codepoint=127)))
def test_for_ascii_both_are_the_same(caption: str) -> None:
    assert unicode_words(caption) == ascii_words(caption)


def test_the_vocabulary_of_drawn_birds_is_the_same() -> None:
    records = Plumage(images_per_species=2).read()
    captions = [text for r in records if isinstance(r, Record) for text in r.captions]
    by_cub, by_unicode = Vocabulary.build(captions, "ascii"), Vocabulary.build(captions, "unicode")
    assert by_cub == by_unicode and by_cub.hash == by_unicode.hash


@given(some.text())
def test_no_letter_is_lost(caption: str) -> None:
    """Whatever Python calls a letter or a digit stands in some word."""
    kept = "".join(unicode_words(caption))
    signs = unicodedata.normalize("NFC", caption.lower())
    assert all(sign in kept for sign in signs if sign.isalnum())


def test_rare_words_are_unknown_and_common_ones_keep_their_order() -> None:
    captions = ["a red bird", "a blue bird", "a red and blue bird sings"]
    vocabulary = Vocabulary.build(captions, "unicode", min_count=2)
    assert vocabulary.words == ("<end>", "a", "bird", "blue", "red", "<unk>")
    assert vocabulary.unknown(captions[2]) == ["and", "sings"]
    assert vocabulary.encode("red sings") == [4, vocabulary.unknown_index]
    with pytest.raises(UserError, match=r"data\.min_count=9: no word .* does 4 times"):
        Vocabulary.build([*captions, "a"], "unicode", min_count=9)


def test_what_is_asked_for_is_read_as_the_captions_were() -> None:
    words = ["grünlich", "vogel"]
    assert Vocabulary(words, "unicode").unknown("GRÜNLICH vogel") == []
    assert Vocabulary(["grnlich", "vogel"]).unknown("grünlich vogel") == []  # a run of before
    assert recorded_tokeniser({}) == "ascii"
    assert recorded_tokeniser({"tokeniser": "unicode"}) == "unicode"
    with pytest.raises(UserError, match="none of unicode, ascii"):
        Vocabulary(words, "latin")  # type: ignore[arg-type]


def test_letters_outside_of_the_alphabet_are_counted() -> None:
    assert outside(["a red bird", "ein rötlicher Vögel", "x" * 201 + "é"]) == (2, 1)
