"""What was heard in the words of the captions."""

from __future__ import annotations

import pytest

from experiments.app.recogniser.compound import put_right

WORDS = [
    "a",
    "red",
    "head",
    "wing",
    "bars",
    "grey",
    "2",
    "eyering",
    "bird",
    "bill",
    "black",
    "and",
    "s",
]


@pytest.mark.parametrize(
    ("heard", "written", "changed"),
    [
        ("a redhead", "a red head", (("redhead", "red head"),)),
        ("A Red-Head.", "a red head", ()),
        ("wingbars and a gray bill", "wing bars and a grey bill", (
            ("wingbars", "wing bars"), ("gray", "grey"))),
        ("two wing bars", "2 wing bars", (("two", "2"),)),
        ("an eye ring", "an eyering", (("eye ring", "eyering"),)),
        ("a blackbird", "a black bird", (("blackbird", "black bird"),)),
        ("the bird's bill", "the bird's bill", ()),
        ("a zebra", "a zebra", ()),
        ("", "", ()),
    ],
)  # fmt: skip
def test_only_unknown_words_change_and_to_known_ones(
    heard: str, written: str, changed: tuple[tuple[str, str], ...]
) -> None:
    assert put_right(heard, WORDS) == (written, changed)


def test_words_that_both_stand_in_the_captions_stay_apart() -> None:
    assert put_right("red head", [*WORDS, "redhead"])[0] == "red head"
