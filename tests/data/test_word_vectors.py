"""Vectors of words: of a file that people have, or of the letters of words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.data.text.action import is_action
from experiments.data.text.vectors import by_letters, grams_of, hashed, of_file
from experiments.terminal.error import UserError

WORDS = ["<end>", "bird", "flies", "red", "<unk>"]


def file(folder: Path, text: str | bytes) -> Path:
    path = folder / "wiki.vec"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_grams_have_marks_of_the_border() -> None:
    assert grams_of("at") == ["<at", "at>", "<at>"]
    assert grams_of("bird") == [
        *("<bi", "bir", "ird", "rd>"),
        *("<bir", "bird", "ird>"),
        *("<bird", "bird>"),
        "<bird>",
    ]


def test_words_of_one_stem_are_near() -> None:
    fly, flying, red = (hashed(word, 300) for word in ("fly", "flying", "red"))
    assert np.linalg.norm(fly) == pytest.approx(1, abs=1e-6)
    assert fly @ flying > 0.2 > abs(fly @ red)
    assert hashed("fly", 4) == pytest.approx(FLY, abs=1e-6)


FLY = [0.322195, 0.851861, -0.372382, 0.178478]  # on every machine, with every numpy


def test_by_letters_leaves_the_padding_empty() -> None:
    found = by_letters(WORDS, 8)
    assert found.missing == () and not found.table[0].any()
    np.testing.assert_allclose(np.linalg.norm(found.table[1:], axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("header", ["", "3 2\n"])
def test_a_file_with_and_without_fasttext_s_first_line(tmp_path: Path, header: str) -> None:
    path = file(tmp_path, header + "bird 3 4\nwhale 9 9\nred 0 -5 \nbird 7 7\n")
    found = of_file(path, WORDS, 2)
    assert found.table[1].tolist() == [3, 4]  # the first of two
    assert found.table[3].tolist() == [0, -5]
    assert found.missing == ("flies",)
    assert "1 of 3 words are not in wiki.vec" in found.line and "'flies'" in found.line
    np.testing.assert_allclose(found.table[2], 5 * hashed("flies", 2), rtol=1e-6)  # mean length 5
    assert np.linalg.norm(found.table[4]) == pytest.approx(5, abs=1e-5)
    assert not found.table[0].any()


def test_phrases_and_lines_that_are_no_utf_8_are_passed_over(tmp_path: Path) -> None:
    text = b"\xff\xfe 1 2\nred bird 1 2\nred 5 6\n"
    assert of_file(file(tmp_path, text), WORDS, 2).table[3].tolist() == [5, 6]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bird 1 2 3\n", "have 3 numbers, not 2; set vectors.dim=3"),
        ("9 300\nbird 1 2\n", "set vectors.dim=300"),
        ("red 1 2\nbird 1\n", "line 2: has 1 numbers, not 2"),
        ("bird 1 x\n", "line 1: holds what is no number"),
        ("bird 1 nan\n", "line 1: holds a number that is not finite"),
        ("bird 1 1e39\n", "not finite"),
        ("whale 1 2\n", "has none of the 3 words"),
        ("PK\x03\x04\n", "holds no word with numbers"),
        ("a 1 2\n" + "b" * (1 << 18), "line 2: longer than"),
    ],
)
def test_what_is_no_such_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=r"^[^\n]*wiki\.vec[^\n]*$") as error:
        of_file(file(tmp_path, text), WORDS, 2)
    assert said in str(error.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        of_file(tmp_path / "none.vec", WORDS, 2)


def test_action_words() -> None:
    for word in ("fly", "flies", "flying", "hopping", "lands", "turned", "pecks", "takes", "left"):
        assert is_action(word), word
    for word in ("bird", "red", "wings", "black", "the", "thing", "belly", "<end>", "<unk>", "bed"):
        assert not is_action(word), word
