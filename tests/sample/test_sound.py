"""A sound as a picture: what stands where."""

from __future__ import annotations

import numpy as np

from experiments.sample.attention import STRETCHES, attention_stages
from experiments.sample.picture import margin_of
from experiments.sample.sound import CHOSEN, HIGH, SHARES, TEXT, strip

WIDTH = 800
GAP = margin_of(WIDTH // 8)
TOP = TEXT + GAP + SHARES


def colours(sheet: np.ndarray, box: tuple[slice, slice]) -> set[tuple[int, ...]]:
    return {tuple(colour) for colour in sheet[box].reshape(-1, 3).tolist()}


def test_low_sounds_are_at_the_bottom_and_time_runs_to_the_right() -> None:
    sound = np.full((4, 40), -9.0)
    sound[0, 30:] = 1.0  # the lowest bin, at the end
    sheet = np.asarray(strip(sound, [0.5, 0.5], [], WIDTH, ["a", "b"]).convert("L")).astype(int)
    inner = WIDTH - 2 * GAP
    area = sheet[TOP : TOP + HIGH, GAP + 4 : WIDTH - GAP - 4]
    assert area[-20:, int(0.8 * inner) :].mean() < 60, "ink"
    assert area[:60, int(0.8 * inner) :].mean() > 250
    assert area[-20:, : int(0.45 * inner)].mean() > 250


def test_each_stretch_has_its_share_above_it() -> None:
    """The highest bar is that of the largest share; chosen ones are marked, and named."""
    shares = [0.1, 0.2, 0.6, 0.1]
    names = ["0.1 s", "0.2 s", "0.3 s", "0.4 s"]
    sheet = np.asarray(strip(np.zeros((3, 9)), shares, [2], WIDTH, names))
    step = (WIDTH - 2 * GAP) / 4
    heights = []
    for place in range(4):
        middle = GAP + round(step * (place + 0.5))
        column = sheet[TEXT + GAP : TOP, middle]
        heights.append(int((column != 255).any(axis=1).sum()))
        named = colours(sheet, (slice(0, TEXT + 4), slice(middle - 30, middle + 30)))
        assert (len(named) > 1) == (place == 2)
        marked = CHOSEN in colours(sheet, (slice(TEXT + GAP, TOP), slice(middle, middle + 1)))
        assert marked == (place == 2)
    assert heights == [6, 12, 36, 6]


def test_what_is_said_stands_under_it_where_it_is_known() -> None:
    given = np.random.default_rng(0).normal(size=(5, 50)), [1.0], [], WIDTH, ["x"]
    silent, told = strip(*given), strip(*given, "a red bird")
    long = strip(*given, "a red bird " * 40)
    assert silent.height < told.height < long.height
    assert (np.asarray(silent)[TOP + HIGH :] == 255).all()
    assert (np.asarray(told)[TOP + HIGH :] < 128).any()
    strip(np.full((4, 4), np.nan), [0.0], [0], WIDTH, ["x"])  # of a diverged front-end


def test_the_strongest_stretches_of_a_sound_stand_over_it() -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 255, (3, 32, 32)).astype(np.uint8)
    maps, names = rng.random((40, 8, 8)).astype(np.float32), [f"{k} s" for k in range(40)]
    plain = attention_stages([image], [maps], names, top=STRETCHES)
    sheet = attention_stages([image], [maps], names, sound=np.zeros((40, 90)), said="a bird")
    assert sheet.width == plain.width and sheet.height > plain.height + HIGH
    assert np.array_equal(np.asarray(sheet)[: plain.height], np.asarray(plain))
