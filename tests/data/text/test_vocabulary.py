from __future__ import annotations

from pathlib import Path

import pytest

from experiments.data.text.vocabulary import Vocabulary
from experiments.data.text.words import ascii_words
from experiments.terminal.error import UserError

CAPTIONS = ["The bird has a Red crown.", "A small bird: red-eyed, naïve"]


def test_tokens_are_lower_case_ascii_runs() -> None:
    assert ascii_words(CAPTIONS[1]) == ["a", "small", "bird", "red", "eyed", "nave"]
    assert ascii_words("птица — !?") == []


def test_end_is_first_and_unknown_last() -> None:
    vocabulary = Vocabulary.build(CAPTIONS)
    assert vocabulary.words[0] == "<end>"
    assert vocabulary.words[-1] == "<unk>"
    assert len(vocabulary) == 2 + len({"the", "bird", "has", "a", "red", "crown", "small"}) + 2
    assert 0 not in vocabulary.encode(CAPTIONS[0])


def test_the_order_of_captions_changes_nothing() -> None:
    one, other = Vocabulary.build(CAPTIONS), Vocabulary.build(reversed(CAPTIONS))
    assert one == other
    assert one.hash == other.hash
    assert one.hash != Vocabulary.build(CAPTIONS[:1]).hash


def test_a_given_order_is_kept() -> None:
    vocabulary = Vocabulary(["<end>", "red", "bird"])
    assert vocabulary.encode("bird red Bird wing") == [2, 1, 2, 3]
    assert Vocabulary(["red", "bird"]) == vocabulary
    assert Vocabulary(list(vocabulary.words)) == vocabulary


@pytest.mark.parametrize("words", [[], ["<end>"], ["<end>", "<unk>"]])
def test_an_empty_vocabulary_is_refused(words: list[str]) -> None:
    with pytest.raises(UserError, match="no word"):
        Vocabulary(words)


def test_nothing_is_built_from_captions_without_words() -> None:
    with pytest.raises(UserError, match="no word"):
        Vocabulary.build(["!!", ""])


@pytest.mark.parametrize("words", [["red", "bird", "red"], ["red", "<end>"]])
def test_a_word_stands_once(words: list[str]) -> None:
    with pytest.raises(UserError, match="twice"):
        Vocabulary(words)


def test_own_sentences_need_a_known_word() -> None:
    vocabulary = Vocabulary.build(CAPTIONS)
    vocabulary.require_known("a purple bird")
    assert vocabulary.unknown("a purple bird with wings") == ["purple", "with", "wings"]
    with pytest.raises(UserError, match="gruen, vogel"):
        vocabulary.require_known("Gruen Vogel")
    with pytest.raises(UserError, match="holds no word"):
        vocabulary.require_known(" ... ")


def test_save_and_load(tmp_path: Path) -> None:
    vocabulary = Vocabulary.build(CAPTIONS)
    vocabulary.save(tmp_path / "words.json")
    assert Vocabulary.load(tmp_path / "words.json") == vocabulary
    (tmp_path / "words.json").write_text('{"a": 1}')
    with pytest.raises(UserError, match="JSON list"):
        Vocabulary.load(tmp_path / "words.json")
    with pytest.raises(UserError, match="cannot be read"):
        Vocabulary.load(tmp_path / "absent.json")
