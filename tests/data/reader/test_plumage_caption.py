"""Captions are read back word by word and compared with the bird."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from experiments.data.reader.plumage import COLOUR_ATTRIBUTES, COLOURS, Plumage
from experiments.data.record import Record

PARTS = {
    "crown": "crown", "cap": "crown", "back": "back", "breast": "breast", "chest": "breast",
    "belly": "belly", "wings": "wing", "tail": "tail", "beak": "beak", "bill": "beak",
    "legs": "legs", "feet": "legs",
}  # fmt: skip
SIGNS = {
    ("pose", "flying"): ("flying", "in flight"),
    ("pose", "perched left"): ("facing left",),
    ("pose", "perched right"): ("facing right",),
    ("background", "sky"): ("the sky",),
    ("background", "leaves"): ("leaves",),
    ("background", "water"): ("water",),
    ("background", "snow"): ("snow", "snowy"),
    ("background", "dusk"): ("dusk", "sunset"),
    ("background", "meadow"): ("meadow",),
    ("pattern", "plain"): ("plain",),
    ("pattern", "spotted"): ("spotted",),
    ("pattern", "streaked"): ("streaked",),
    ("pattern", "barred"): ("wing bars",),
    ("size", "small"): ("small",),
    ("size", "medium"): ("medium",),
    ("size", "large"): ("large",),
    ("beak_shape", "short"): ("short",),
    ("beak_shape", "long"): ("long",),
    ("beak_shape", "hooked"): ("hooked",),
    ("beak_shape", "curved"): ("curved",),
}


def stated(caption: str) -> dict[str, str]:
    """What a caption says: a part's colour follows `is` or `are`, or else precedes the part."""
    words = re.findall(r"\w+", caption)
    found: dict[str, str] = {}
    for at, word in enumerate(words):
        if word not in PARTS:
            continue
        if words[at + 1 : at + 2] in (["is"], ["are"]):
            colour = next(w for w in words[at + 2 :] if w in COLOURS)
        else:
            colour = next(w for w in reversed(words[:at]) if w in COLOURS)
        assert PARTS[word] not in found
        found[PARTS[word]] = colour
    for (attribute, value), signs in SIGNS.items():
        if any(re.search(rf"\b{sign}\b", caption) for sign in signs):
            assert attribute not in found
            found[attribute] = value
    return found


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return [r for r in Plumage(images_per_species=5).read() if isinstance(r, Record)]


def test_captions_are_true_and_mentions_exact(records: list[Record]) -> None:
    for record in records:
        for caption, mentions in zip(record.captions, record.mentions, strict=True):
            said = stated(caption)
            assert set(said) == set(mentions) and len(set(mentions)) == len(mentions), caption
            assert all(record.attributes[a] == v for a, v in said.items()), caption


def test_two_to_four_attributes_and_few_words(records: list[Record]) -> None:
    lengths = [len(c.split()) for r in records for c in r.captions]
    assert min(lengths) >= 6
    assert sum(n <= 18 for n in lengths) / len(lengths) > 0.99
    assert len(set(lengths)) > 8
    assert {len(m) for r in records for m in r.mentions} == {2, 3, 4}
    assert all(c == c.lower() and c.isascii() for r in records for c in r.captions)


def test_every_part_is_named_three_times_in_ten_captions(records: list[Record]) -> None:
    for record in records:
        named = Counter(a for m in record.mentions for a in m)
        assert {named[a] for a in COLOUR_ATTRIBUTES} == {3}


def test_traits_and_scenes_are_stated_sometimes(records: list[Record]) -> None:
    named = Counter(a for r in records for m in r.mentions for a in m)
    for attribute in ("pattern", "size", "beak_shape", "pose", "background"):
        assert 0.05 < named[attribute] / (10 * len(records)) < 0.5


@pytest.mark.parametrize("count", [1, 3, 10, 20])
def test_captions_of_an_image_differ(count: int) -> None:
    for record in Plumage(images_per_species=2, captions=count).read():
        assert isinstance(record, Record)
        assert len(set(record.captions)) == len(record.mentions) == count


def test_articles(records: list[Record]) -> None:
    text = "\n".join(c for r in records for c in r.captions)
    assert not re.search(r"\ba [aeiou]|\ban [^aeiou]|\b(is|are) (is|are)\b|  |\{|\}", text)
