"""Spectrograms turned back into sound."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from experiments.frontend.decibel import LMS
from experiments.frontend.griffin_lim import PEAK, griffin_lim, under_filters
from experiments.frontend.table import filters_on, window_on

RATE, SAMPLES = 16000, 65536


def lms(**changes: Any) -> LMS:
    return LMS(**{"rate": RATE, "n_fft": 2048, "hop": 512, "bins": 128, **changes})


def tone(hertz: float, rate: int = RATE, samples: int = SAMPLES) -> Tensor:
    return 0.3 * torch.sin(2 * math.pi * hertz * torch.arange(samples) / rate)


def chirp(low: float, high: float) -> Tensor:
    time = torch.arange(SAMPLES, dtype=torch.float64) / RATE
    speed = (high - low) / (SAMPLES / RATE)
    return (0.3 * torch.sin(2 * math.pi * (low * time + speed / 2 * time**2))).float()


def heard(maker: Any, waves: Tensor) -> Tensor:
    return maker(waves, torch.full((len(waves),), waves.shape[1]))[0]


def far(maker: Any, features: Tensor, rounds: int) -> Tensor:
    """(B,): mean distance in dB of what a sound's features come back as, at loud places."""
    again = heard(maker, maker.inverse(features, SAMPLES, rounds))
    loud = features > -40
    return ((again - features).abs() * loud).sum((1, 2)) / loud.sum((1, 2))


def test_what_comes_back_has_the_features_and_random_phases_do_not() -> None:
    """At places within 40 dB of the loudest: 0.9 and 1.0 dB in 60 rounds, 5.0 dB in none."""
    features = heard(lms(), torch.stack([tone(1000), chirp(500, 3000)]))
    assert far(lms(), features, 60).max() < 1.5
    assert far(lms(), features, 0).min() > 4


@pytest.mark.parametrize(("rate", "samples"), [(RATE, SAMPLES), (44100, 22050)])
def test_a_tone_keeps_its_frequency_and_its_length(rate: int, samples: int) -> None:
    maker = lms(rate=rate)
    assert maker.frames(samples) == 1 + samples // 512
    waves = maker.inverse(heard(maker, tone(1200, rate, samples)[None]), samples)
    assert waves.shape == (1, samples) and waves.dtype == torch.float32
    assert waves.abs().max() == pytest.approx(PEAK)
    strength = torch.fft.rfft(waves[0] * torch.hann_window(samples)).abs()
    # A filter at 1,200 Hz is 40 Hz wide to each side at 44.1 kHz, 26 Hz at 16 kHz.
    assert strength.argmax() * rate / samples == pytest.approx(1200, abs=12)


def test_a_chirp_rises_where_it_rose() -> None:
    waves = lms().inverse(heard(lms(), chirp(500, 3000)[None]), SAMPLES)
    for second in (1, 2, 3):
        piece = waves[0, second * RATE - 1024 : second * RATE + 1024] * torch.hann_window(2048)
        found = torch.fft.rfft(piece).abs().argmax() * RATE / 2048
        assert found == pytest.approx(500 + 2500 * second / (SAMPLES / RATE), abs=40)


def test_a_row_of_a_batch_is_the_row_alone_and_every_time_the_same() -> None:
    features = heard(lms(), torch.stack([tone(700), chirp(400, 5000), tone(3000)]))
    torch.manual_seed(1)
    together = lms().inverse(features, SAMPLES, 10)
    torch.manual_seed(2)
    assert torch.equal(lms().inverse(features, SAMPLES, 10), together)
    for row in range(3):
        alone = lms().inverse(features[row : row + 1], SAMPLES, 10)
        assert torch.allclose(alone[0], together[row], atol=2e-4)


def test_normalise_is_turned_back() -> None:
    features = heard(lms(), chirp(500, 3000)[None])
    lengths = torch.tensor([features.shape[1]])
    assert torch.allclose(
        lms().denormalise(lms().normalise(features, lengths)), features, atol=1e-4
    )
    beyond = lms().denormalise(torch.tensor([-1.2, 0.0, 1.3]))
    assert beyond.tolist() == [-80, -40, 0]


@pytest.mark.parametrize("level", [0.0, -78.0])
def test_a_spectrogram_without_a_shape_is_a_finite_sound(level: float) -> None:
    waves = lms().inverse(torch.full((1, 3, 128), level), 1024, 5)
    assert waves.isfinite().all() and waves.abs().max() == pytest.approx(PEAK)


def test_a_spectrogram_that_is_nowhere_above_the_floor_is_silence() -> None:
    """What a network makes of it is not quite there; what is loud beside it stays as it is."""
    song = heard(lms(), chirp(500, 3000)[None])
    floor = torch.full_like(song, -80.0)
    nearly = floor + 0.8 * torch.rand(floor.shape, generator=torch.Generator().manual_seed(0))
    waves = lms().inverse(torch.cat([floor, song, nearly]), SAMPLES, 5)
    assert waves[[0, 2]].abs().max() == 0
    powers = 10 ** (song / 10)
    torch.testing.assert_close(waves[1:2], lms().waves(powers, SAMPLES, 5), atol=2e-4, rtol=0)


def test_no_power_is_silence() -> None:
    assert lms(n_fft=512, hop=128, bins=20).waves(torch.zeros(2, 9, 20), 1024, 3).abs().max() == 0


@pytest.mark.parametrize("n_fft", [512, 2048])
def test_powers_under_filters_give_the_mels(n_fft: int) -> None:
    """Also soft ones beside loud ones, and where filters are narrower than bins, so that some are
    empty; the pseudo-inverse without what is negative is off by more than 2 dB."""
    maker = lms(n_fft=n_fft)
    mels = 10 ** (heard(maker, chirp(500, 3000)[None]) / 10)
    filters = filters_on(mels, RATE, n_fft, 128, 0.0, RATE / 2)
    full = filters.amax(0) > 0

    def off(powers: Tensor) -> float:
        ratio = (powers @ filters).clamp_min(1e-10) / mels
        return float(10 * ratio[..., full].log10().abs().mean())

    found = under_filters(mels, filters)
    assert found.min() >= 0 and off(found) < 0.3
    assert off((mels @ torch.linalg.pinv(filters)).clamp_min(0)) > 2


def test_momentum_finds_phases_of_a_true_spectrum() -> None:
    """The distance of the found spectrum from the wanted, relative: Perraudin 2013."""
    wave = chirp(500, 3000)[None]
    window = window_on(wave, "hann", 2048)

    def amplitudes(waves: Tensor) -> Tensor:
        found = torch.stft(
            waves, 2048, 512, window=window, pad_mode="constant", return_complex=True
        )
        return found.abs().transpose(1, 2)

    wanted = amplitudes(wave)
    off = [
        (amplitudes(griffin_lim(wanted, SAMPLES, 512, window, rounds)) - wanted).norm()
        / wanted.norm()
        for rounds in (0, 60)
    ]
    assert off[0] > 0.5 and off[1] < 0.1, np.round(off, 3)
