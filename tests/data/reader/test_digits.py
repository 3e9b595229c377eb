"""Digits that bounce: what is said of them is what the pixels do."""

from __future__ import annotations

import itertools
import pickle
from collections import Counter
from typing import Any

import numpy as np
import pytest

from experiments.data.reader.digits import Digits
from experiments.data.reader.digits.motion import clamped, reflected
from experiments.data.reader.plumage import COLOURS
from experiments.data.record import Record, has_of
from experiments.terminal.error import BadInput, UserError

SMALL: dict[str, Any] = {"train_clips": 120, "test_clips": 60, "glyphs": "drawn"}


def records(reader: Digits) -> list[Record]:
    return [r for r in reader.read() if isinstance(r, Record)]


def centroids(clip: np.ndarray) -> np.ndarray:
    """Of the ink in each frame (T, 2): column and row, px."""
    ink = clip.astype(np.float64).sum(axis=3)
    total = ink.sum(axis=(1, 2))
    assert (total > 0).all()
    columns, rows = np.arange(ink.shape[2]), np.arange(ink.shape[1])
    return np.stack([ink.sum(1) @ columns, ink.sum(2) @ rows], axis=1) / total[:, None]


@pytest.mark.parametrize("captions", ["tgans_c", "sync_draw", "paraphrase"])
@pytest.mark.parametrize(("frames", "side"), [(8, 32), (16, 48), (8, 24)])
def test_up_and_down_moves_rows_only_and_left_and_right_columns_only(
    captions: Any, frames: int, side: int
) -> None:
    """The released captions say the other axis (reference/6.1); every clip here is right."""
    reader = Digits(frames=frames, side=side, captions=captions, **SMALL)
    met = set()
    for record in records(reader)[:60]:
        clip, rate = reader.clip(record)
        assert clip.shape == (frames, side, side, 1) and clip.dtype == np.uint8 and rate == 10
        x, y = np.ptp(centroids(clip), axis=0) * 64 / side
        moved, fixed = (y, x) if "up and down" in record.captions[0] else (x, y)
        assert moved > 12 and fixed < 0.4, (record.captions, x, y)
        assert all(record.attributes["motion"] in caption for caption in record.captions)
        met.add(record.attributes["motion"])
    assert met == {"up and down", "left and right"}


def test_captions_are_the_published_ones() -> None:
    one = records(Digits(**SMALL))[0]
    digit, motion = one.attributes["digit"], one.attributes["motion"]
    assert one.captions == (f"digit {digit} is moving {motion}.",)
    texts = {c for r in records(Digits(**SMALL)) for c in r.captions}
    assert len(texts) == 20  # those of SBMG
    orders = set()
    for two in records(Digits(digits=2, **SMALL))[:20]:
        of = two.attributes
        a, b = (f"digit {of[f'digit_{e}']} is {of[f'motion_{e}']}" for e in "ab")
        assert of["digit_a"] < of["digit_b"] and len(two.captions) == 1
        orders.add((f"{a} and {b}.", f"{b} and {a}.").index(two.captions[0]))
    assert orders == {0, 1}, "either is named first"
    released = records(Digits(captions="sync_draw", **SMALL))[0]
    assert released.captions == (f"the digits {digit} is moving {motion} .",)
    words = {w for r in records(Digits(captions="sync_draw", **SMALL)) for c in r.captions
             for w in c.split()}  # fmt: skip
    assert len(released.captions[0].split()) == 9 and len(words) == 20
    both = records(Digits(digits=2, captions="sync_draw", **SMALL))[0]
    assert len(both.captions[0].split()) == 14


def test_directed_motions_say_where_first() -> None:
    first = {
        "left first": (0, -1),
        "right first": (0, 1),
        "up first": (1, -1),
        "down first": (1, 1),
    }
    reader = Digits(motions="directed", captions="directed", side=64, **SMALL)
    said: Counter[tuple[str, str]] = Counter()
    for record in records(reader)[:80]:
        motion = record.attributes["motion"]
        axis, sign = first[motion]
        path = centroids(reader.clip(record)[0])
        assert np.sign(path[1, axis] - path[0, axis]) == sign
        assert np.ptp(path[:, 1 - axis]) < 0.01
        said[motion, record.captions[0].split(" is ")[1]] += 1
    assert set(said) == {
        ("left first", "right and left."), ("right first", "left and right."),
        ("up first", "bottom and top."), ("down first", "top and bottom."),
    }  # fmt: skip
    named = records(Digits(motions=["directed"], **SMALL))[0]
    assert named.captions[0].endswith((", first left.", ", first right.", ", first up.",
                                       ", first down."))  # fmt: skip


def test_digits_keep_to_speed_and_canvas() -> None:
    for bounce in ("reflect", "clamp"):
        reader = Digits(side=64, bounce=bounce, **SMALL)  # type: ignore[arg-type]
        for record in records(reader)[:40]:
            clip = reader.clip(record)[0]
            ink = reader.glyphs_of(record)[0]
            assert (
                clip.reshape(16, -1).sum(1, dtype=np.int64) == int(ink.sum())
            ).all()  # all of it
            steps = np.abs(np.diff(centroids(clip), axis=0)).max(axis=1)
            assert steps.max() <= 8.01  # 7.2 px, rounded to whole px
    slow, fast = (Digits(side=64, speed=[k, k + 0.5], **SMALL) for k in (2, 8))
    ways = [
        np.abs(np.diff(centroids(r.clip(records(r)[0])[0]), axis=0)).sum() for r in (slow, fast)
    ]
    assert ways[1] > 2 * ways[0]


def test_walls_throw_back_or_hold() -> None:
    """From 0.7 by 0.2 a frame: 0.9, 1.1 is 0.9 thrown back, or 1 where it is held for a frame."""
    steps = 0.2 * np.arange(1, 6)
    assert reflected(0.7, steps, 1) == pytest.approx([0.9, 0.9, 0.7, 0.5, 0.3])
    assert clamped(0.7, steps, 1) == pytest.approx([0.9, 1.0, 0.8, 0.6, 0.4])
    assert reflected(0.3, steps, -1) == pytest.approx([0.1, 0.1, 0.3, 0.5, 0.7])
    assert reflected(0.5, np.array([3.7]), 1) == pytest.approx([0.2])  # over both walls


def test_other_motions_do_as_they_are_named() -> None:
    reader = Digits(motions=["diagonal", "circle", "still"], side=64, **SMALL)
    for record in records(reader)[:30]:
        path = centroids(reader.clip(record)[0])
        x, y = np.ptp(path, axis=0)
        if record.attributes["motion"] == "still":
            assert max(x, y) < 0.01 and record.captions[0].endswith("is standing still.")
        elif record.attributes["motion"] == "diagonal":
            assert min(x, y) > 12 and "diagonally" in record.captions[0]
        else:
            middle = (path.max(0) + path.min(0)) / 2
            radius = np.linalg.norm(path - middle, axis=1)
            assert radius.min() > 12 and radius.max() < 17 and "circle" in record.captions[0]


def test_released_digits_begin_to_the_right_and_down() -> None:
    reader = Digits(initial_direction="positive", bounce="clamp", side=64, speed=1.0, **SMALL)
    for record in records(reader)[:20]:
        path = centroids(reader.clip(record)[0])
        assert (path[-1] - path[0]).max() >= 0  # 15 px at 1 px a frame: some have met the wall
        if (path[0] < 40).all():
            assert (np.diff(path[:5], axis=0) >= -0.01).all()


def test_clips_are_functions_of_seed_split_and_number() -> None:
    few, many = Digits(**SMALL), Digits(train_clips=500, test_clips=60, glyphs="drawn")
    by_key = {r.key: r for r in records(many)}
    assert all(by_key[r.key] == r for r in records(few))
    for record in records(few)[:3] + records(few)[-3:]:
        clip = few.clip(record)[0]
        bare = Record(record.key, (), 0, record.split)
        assert np.array_equal(clip, pickle.loads(pickle.dumps(many)).clip(bare)[0])
        assert not np.array_equal(clip, Digits(seed=1, **SMALL).clip(record)[0])
        picture = few.image(record, 48)
        assert picture.shape == (48, 48, 3)
        assert np.array_equal(picture, np.repeat(clip[0], 3, axis=2))
    assert len({few.clip(r)[0].tobytes() for r in records(few)}) == len(records(few))
    prints = {Digits(**SMALL, **more).fingerprint() for more in (
        {}, {"seed": 1}, {"frames": 8}, {"side": 32}, {"speed": 5}, {"bounce": "clamp"},
        {"motions": "directed"}, {"colour": "digit"}, {"held_out": True}, {"captions": "sync_draw"},
        {"initial_direction": "positive"}, {"digits": 2}, {"canvas": 80}, {"rate": 8},
    )}  # fmt: skip
    assert len(prints) == 14


@pytest.mark.parametrize("digits", [1, 2])
def test_held_out_combinations_are_half_and_the_tests_alone(digits: int) -> None:
    reader = Digits(digits=digits, held_out=True, **SMALL)
    train, test = (set(reader.combinations(split)) for split in ("train", "test"))
    assert not train & test
    everything = set(Digits(digits=digits, **SMALL).combinations("train"))
    assert train | test == everything
    assert len(everything) == (20 if digits == 1 else 360)
    kept = Counter(content for content, _ in train)  # one of two motions, or two of four pairs
    assert set(kept.values()) == {digits} and len(kept) == (10 if digits == 1 else 90)
    names = ("digit", "motion") if digits == 1 else ("digit_a", "motion_a", "digit_b", "motion_b")
    seen = {s: {tuple(r.attributes[n] for n in names) for r in records(reader) if r.split == s}
            for s in ("train", "test")}  # fmt: skip
    assert not seen["train"] & seen["test"]


def test_two_digits_differ_and_colours_are_what_is_said() -> None:
    reader = Digits(digits=2, colour="both", side=64, **SMALL)
    assert reader.moving_attributes() == ("motion_a", "motion_b")
    assert reader.colour_attributes() == ("colour_a", "colour_b", "background")
    for record in records(reader)[:20]:
        said = record.attributes
        assert said["digit_a"] != said["digit_b"]
        assert reader.class_names()[record.label] == f"{said['digit_a']} and {said['digit_b']}"
        assert set(said) == set(reader.attribute_values()) == set(record.mentions[0])
        assert all(said[name] in values for name, values in reader.attribute_values().items())
        clip = reader.clip(record)[0]
        assert clip.shape[3] == 3 and (clip[:, 0, 0] != 0).any()
        for name in ("colour_b", "background"):
            assert (clip == np.array(COLOURS[said[name]], np.uint8)).all(3).any(axis=(1, 2)).all()
        assert all(said[name] in record.captions[0] for name in reader.colour_attributes())
    same = Digits(digits=2, distinct=False, **SMALL)
    assert len(same.class_names()) == 55


def test_what_it_has_and_balance() -> None:
    reader = Digits(train_clips=200, test_clips=60, glyphs="drawn")
    assert has_of(reader) == ("picture", "caption", "clip") and not reader.mirror
    counts = Counter((r.attributes["digit"], r.attributes["motion"]) for r in records(reader)[:200])
    assert set(counts) == set(itertools.product("0123456789", ("left and right", "up and down")))
    assert set(counts.values()) == {10}
    with pytest.raises(BadInput, match="digits"):
        reader.clip(Record("species_000/0000", (), 0, "train"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("digits", 3), ("digits", True), ("motions", "up"), ("motions", ["axis", "directed"]),
        ("motions", []), ("captions", "mine"), ("captions", "directed"), ("frames", 1),
        ("side", 65), ("canvas", 30), ("speed", 0), ("speed", [5, 4]), ("speed", "fast"),
        ("speed", 37), ("bounce", "no"), ("initial_direction", "up"), ("distinct", 1),
        ("colour", "red"), ("train_clips", 0), ("test_clips", -1), ("rate", 0), ("glyphs", "mine"),
        ("seed", -1),
    ],
)  # fmt: skip
def test_settings_out_of_range_name_their_key(key: str, value: object) -> None:
    with pytest.raises(UserError, match=rf"data\.reader\.{key}=") as error:
        Digits(**{"glyphs": "drawn", key: value}).check()  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


def test_combinations_need_two_motions() -> None:
    with pytest.raises(UserError, match=r"held_out.*two motions"):
        Digits(motions="still", held_out=True, glyphs="drawn").check()
