"""Excerpts: shapes of what networks are given, padding, the way back to sound, and pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from experiments.data.store.recorder import frames_of
from experiments.frontend.decibel import LMS
from experiments.frontend.excerpt import Excerpt
from experiments.frontend.powerlaw_stft import PowerLawSTFT
from experiments.frontend.waveform import Waveform
from experiments.terminal.error import UserError

RATE = 16000


def lms() -> LMS:
    return LMS(RATE, 1024, 512, 128)


def tone(hertz: float, seconds: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * math.pi * hertz * time)).astype(np.float32)


def given(excerpt: Excerpt, wave: np.ndarray) -> torch.Tensor:
    frames = frames_of(excerpt.frontend, excerpt.heard(wave))
    return excerpt.values(torch.from_numpy(frames)[None])


@pytest.mark.parametrize(
    ("excerpt", "shape"),
    [
        (Excerpt(Waveform(RATE, None), 1.024), (16384,)),
        (Excerpt(lms(), 4.096), (1, 128, 129)),
        (Excerpt(lms(), 4.096, [64, 32]), (1, 64, 32)),
        (Excerpt(LMS(44100, 2048, 512, 128), 0.5), (1, 128, 44)),  # Chen 2017
        (Excerpt(PowerLawSTFT(RATE, 512, 400, 160, 6.0), 6.0), (2, 598, 257)),  # Oh 2019
    ],
)
def test_what_is_given_has_the_shape_that_is_told(excerpt: Excerpt, shape: tuple[int, ...]) -> None:
    values = given(excerpt, tone(440, 0.7))
    assert excerpt.shape == shape
    assert values.shape == (1, *shape) and values.dtype == torch.float32


def test_short_sounds_end_in_silence_and_long_ones_are_cut() -> None:
    excerpt = Excerpt(lms(), 1.024)
    short, long = given(excerpt, tone(440, 0.5)), given(excerpt, tone(440, 3.0))
    assert (short[..., 20:] == -1).all() and short[..., :15].max() == 1
    torch.testing.assert_close(long, given(excerpt, tone(440, 1.024)))


def test_what_repeats_short_sounds_itself_is_not_given_silence() -> None:
    excerpt = Excerpt(PowerLawSTFT(RATE, 512, 400, 160, 2.0), 2.0)
    values = given(excerpt, tone(440, 0.5))
    assert values[:, :, -20:].abs().amax() > 0.5 * values.abs().amax()


def test_values_become_a_sound_of_the_same_pitch() -> None:
    excerpt = Excerpt(lms(), 1.024, [128, 32])
    (wave,) = excerpt.waves(given(excerpt, tone(880, 1.024))).numpy()
    assert wave.shape == (16384,) and abs(wave).max() <= 1
    spectrum = np.abs(np.fft.rfft(wave[4096:12288]))
    assert spectrum.argmax() * RATE / 8192 == pytest.approx(880, rel=0.04)


def test_a_front_end_without_a_way_back_is_told() -> None:
    excerpt = Excerpt(PowerLawSTFT(RATE, 512, 400, 160, 1.0), 1.0)
    with pytest.raises(UserError, match="PowerLawSTFT cannot be turned back into sound"):
        excerpt.waves(torch.zeros(1, *excerpt.shape))


def test_low_sounds_are_at_the_bottom_of_a_picture_and_loud_ones_dark() -> None:
    excerpt = Excerpt(lms(), 1.024)
    low, high = (excerpt.pictures(given(excerpt, tone(hz, 1.024))) for hz in (200, 6000))
    for pictures in (low, high):
        assert pictures.shape == (1, 3, 128, 33) and pictures.abs().max() <= 1
    darkest = [int(p[0].mean((0, 2)).argmin()) for p in (low, high)]
    assert darkest[0] > 110 and darkest[1] < 40


@pytest.mark.parametrize("excerpt", [Excerpt(Waveform(RATE, None), 0.5), Excerpt(lms(), 0.5)])
def test_a_picture_of_nothing_finite_can_be_shown(excerpt: Excerpt) -> None:
    assert excerpt.pictures(torch.full((1, *excerpt.shape), torch.nan)).isfinite().all()


def test_what_is_kept_is_stored() -> None:
    excerpt = Excerpt(Waveform(RATE, None), 1.0, kept=4.0)
    assert (excerpt.count, excerpt.stored_count) == (16000, 64000)
    assert excerpt.heard(tone(440, 2.0)).shape == (64000,)
