from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from experiments.sample.picture import PAPER
from experiments.sample.spectrogram import CUT, SOUND, over_words, slots, spectrogram, under_sound


def grey(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L")).astype(int)


def test_time_goes_to_the_right_and_low_bands_are_below() -> None:
    frames = np.zeros((40, 10))
    frames[30:, :2] = 1  # late and low
    pixels = grey(spectrogram(frames, 80, 40))
    assert pixels.shape == (40, 80)
    loud = np.argwhere(pixels > 200)
    assert loud[:, 0].min() > 28 and loud[:, 1].min() > 56


def test_any_range_uses_all_colours_and_silence_is_quiet() -> None:
    frames = np.linspace(-300, -200, 20)[:, None].repeat(3, 1)
    pixels = np.asarray(spectrogram(frames, 20, 3))
    assert np.allclose(pixels[0, 0], SOUND[0], atol=1) and np.allclose(
        pixels[0, -1], SOUND[-1], atol=1
    )
    still = np.asarray(spectrogram(np.full((5, 3), 7.0), 10, 6))
    assert (still == SOUND[0].astype(int)).all()
    assert np.asarray(spectrogram(np.array([[np.nan, 1.0]]), 2, 2)).shape == (2, 2, 3)


def test_it_is_cut_into_its_places() -> None:
    strip = np.asarray(over_words(np.zeros((50, 4)), 5, [], 100, 30))
    assert strip.shape == (30, 100, 3)  # no words, no band
    cuts = np.flatnonzero((strip[0] == CUT).all(1)).tolist()
    assert cuts == [20, 40, 60, 80]


def test_words_have_their_share_of_letters_and_room() -> None:
    found = slots(["a", "red", "bird"], 110)
    np.testing.assert_allclose(found, [(0, 20), (20, 60), (60, 110)])
    assert slots([], 10) == []
    words = ["this", "small", "bird", "has", "a", "red", "crown"]
    strip = np.asarray(over_words(np.zeros((50, 4)), 1, words, 400, 30))
    band = strip[30:]
    assert (band == PAPER).all(2).any() and not (band == PAPER).all()
    # Between two slots nothing is written.
    for _, last in slots(words, 400)[:-1]:
        assert (band[:, round(last)] == PAPER).all()


def test_the_strip_stands_above_the_sheet() -> None:
    sheet = Image.new("RGB", (300, 100), (1, 2, 3))
    whole = under_sound(sheet, np.random.default_rng(0).random((30, 4)), 6, ["a", "bird"])
    assert whole.width == 300 and whole.height > 150
    assert whole.crop((0, whole.height - 100, 300, whole.height)).tobytes() == sheet.tobytes()


def test_what_is_no_spectrum_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"not \(T, F\)"):
        spectrogram(np.zeros((3, 4, 2)), 10, 10)
