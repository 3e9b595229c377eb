"""The order of words in a captions.pickle: that of Python 2, of first appearance, or another."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from released_files import as_python2, converted
from released_networks import attngan_shapes, random_state, text_shapes

from experiments.convert.word_order import is_python2_order, python2_hash, table_size
from experiments.terminal.error import UserError

COUNT = 5449  # words of CUB besides <end>


def made(count: int = COUNT) -> list[str]:
    """Words that are no words, all different."""
    parts = [a + b for a in "bcdfghklmnprstvw" for b in "aeiou"]
    more = ["", *parts]  # beyond 6,400
    return [
        parts[k % 80] + parts[k * 7 // 80 % 80] + parts[k // 80 % 80] + more[k // 6400]
        for k in range(count)
    ]


def test_hashes_are_those_of_python_2() -> None:
    """Printed by Python 2.7.18, 64 bits: hash("a"), hash("hello"), hash("foo")."""
    expected = [12416037344, 840651671246116861, -4177197833195190597]
    signed = [(h := python2_hash(w)) - (h >> 63 << 64) for w in ("a", "hello", "foo")]
    assert signed == expected


def test_a_dictionary_grows_as_in_python_2() -> None:
    assert [table_size(n) for n in (1, 5, 6, 21, 22, COUNT)] == [8, 8, 32, 32, 128, 8192]


def test_the_order_is_that_which_python_2_gave() -> None:
    """Python 2.7.18 was given the same words in a defaultdict, and its keys were hashed."""
    found = as_python2(made())
    assert found[:3] == ["dekolu", "wowati", "heteki"] and found[-1] == "kumoso"
    digest = hashlib.sha256("\n".join(found).encode()).hexdigest()
    assert digest.startswith("809422a5fdc4444e")


@pytest.mark.parametrize("count", [200, 341, 1000, COUNT, 27296])
def test_orders_are_told_apart(count: int) -> None:
    words = made(count)
    assert is_python2_order(as_python2(words)) is True
    assert is_python2_order(as_python2(words[::-1])) is True, "whatever order they came in"
    for other in (words, sorted(words), as_python2(words)[::-1]):
        assert is_python2_order(other) is False
    assert is_python2_order(as_python2(words[:199])) is None


def test_a_file_written_anew_is_refused_unless_it_is_one_s_own(tmp_path: Path) -> None:
    pictures = random_state(attngan_shapes(2, noise=5, condition=6, text=8))
    text = random_state(text_shapes(COUNT + 1, dim=8, embedding=6))
    words = ["<end>", *made()]
    with pytest.raises(UserError) as caught:
        converted(tmp_path, pictures, text, words, data="plumage")
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{tmp_path}/captions.pickle: its 5450 words do not stand in the order")
    assert "eval/data/" in line and line.endswith(
        "add --own-captions if the encoder was trained with this very file"
    )
    own = converted(tmp_path, pictures, text, words, data="plumage", own_captions=True)
    assert own.about.endswith("5450 words in an order of your own")
    released = ["<end>", *as_python2(made())]
    found = converted(tmp_path, pictures, text, released, data="plumage")
    assert found.about.endswith("5450 words in the order of Python 2, as released")
