"""The representations that Chen compared: what they say, and what becomes of bad sound."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from experiments.frontend.cqt import CQT
from experiments.frontend.excerpt import Excerpt
from experiments.frontend.waveform import Waveform
from experiments.terminal.error import UserError
from tests.frontend.librosa_values import sound
from tests.frontend.test_features import LIBROSA, NAMES, front_end, one

FIVE = ["cqt", "lms128", "mfcc", "ms128", "stft"]
RATE = 44100


def tone(hertz: float, samples: int = 22050) -> np.ndarray:
    return 0.3 * np.sin(2 * math.pi * hertz * np.arange(samples) / RATE)


def of(maker: Any, wave: np.ndarray) -> tuple[Tensor, Tensor]:
    """Its features and their lengths, a batch of one."""
    return maker(torch.from_numpy(wave).float()[None], torch.tensor([len(wave)]))


def test_lms_is_the_logarithm_of_ms() -> None:
    """At all places within 80 dB of the loudest, and no bin of MS is below them in that."""
    wave = sound(RATE, 4410)
    linear, decibels = one("ms128", wave, torch.float64), one("lms128", wave, torch.float64)
    assert linear.max() == 1
    assert torch.allclose(10 * linear.clamp_min(1e-8).log10(), decibels, atol=1e-6)


def test_mfcc_are_cosines_of_lms() -> None:
    """All 128 give it back; a shift in level is in the first alone, sqrt(128) times as much."""
    wave = sound(RATE, 4410)
    decibels = one("lms128", wave, torch.float64)
    whole = front_end("mfcc", coefficients=128)
    found = whole(torch.from_numpy(wave)[None], torch.tensor([4410]))[0][0]
    assert torch.allclose(found.square().sum(1), decibels.square().sum(1)), "orthonormal"
    assert torch.allclose(found[:, 0], decibels.mean(1) * math.sqrt(128))
    assert torch.allclose(found[:, :20], one("mfcc", wave, torch.float64))


@pytest.mark.parametrize("semitones", [0, 24, 45, 83])
def test_a_half_tone_has_its_own_bin_of_cqt(semitones: int) -> None:
    """And is as strong in each: half the amplitude, sqrt(length) times, over the greatest."""
    hertz = 32.70319566257483 * 2 ** (semitones / 12)
    found = one("cqt", tone(hertz, 44100))[40:48].mean(0)
    assert found.argmax() == semitones
    beside = found[[at for at in (semitones - 2, semitones + 2) if 0 <= at < 84]]
    assert beside.max() < 0.15 * found.max(), "two half tones away"


def test_strengths_of_cqt_by_hand() -> None:
    """A tone of amplitude 0.3 under a window whose sum is 1: 0.15, times the root of its length.
    A4, 440 Hz, is the 46th; 1 / Q = (2^(1/6) - 1) / (2^(1/6) + 1) = 0.05771, so its filter has
    44,100 / (440 x 0.05771) = 1736.8 samples."""
    wave = torch.from_numpy(tone(440.0))[None]
    strength = front_end("cqt").strengths(wave, torch.tensor([22050]))[0, 22, 45]
    assert strength == pytest.approx(0.15 * math.sqrt(1736.8), rel=2e-3)


def test_cqt_is_near_that_of_librosa_which_lowers_the_rate() -> None:
    """Its resampler lets the top of each octave through a little differently: 1.3 % of the
    greatest at most, where the filters themselves agree to 1e-8."""
    lowered = np.array(LIBROSA["cqt"][1])
    off = np.abs(one("cqt", sound(RATE, 4410), torch.float64).numpy() - lowered)
    assert 1e-3 < off.max() < 0.02


def test_cqt_refuses_filters_beyond_half_the_rate() -> None:
    assert CQT(16000, 512).frames(512) == 2
    with pytest.raises(AssertionError, match="the highest filter ends at 4122 Hz, over rate / 2"):
        CQT(8000, 512)


@pytest.mark.parametrize("name", FIVE)
def test_a_network_takes_about_minus_one_to_one(name: str) -> None:
    values = front_end(name).normalise(*of(front_end(name), sound(RATE, 22050)))
    if name == "mfcc":
        assert -1.5 < values.min() < -0.5 and values[..., 0].max() < 1 and values.max() < 1.5
    else:
        assert values.min() == pytest.approx(-1, abs=1e-3) and values.max() == 1


@pytest.mark.parametrize("name", FIVE)
def test_level_is_nothing(name: str) -> None:
    wave = sound(RATE, 4410)
    loud, soft = of(front_end(name), wave)[0], of(front_end(name), wave / 8)[0]
    assert torch.allclose(loud, soft, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", ["lms128", "mfcc", "ms128", "stft"])
def test_what_is_turned_back_is_the_tone(name: str) -> None:
    maker = front_end(name)
    features, lengths = of(maker, tone(1200))
    again = maker.denormalise(maker.normalise(features.half(), lengths))
    assert torch.allclose(again, features, rtol=1e-3, atol=5e-2)
    waves = maker.inverse(again, 22050, 30)
    assert waves.shape == (1, 22050) and waves.abs().max() == pytest.approx(0.5)
    strength = torch.fft.rfft(waves[0] * torch.hann_window(22050)).abs()
    near = {"mfcc": 150}.get(name, 15)  # Hz: twenty cosines are a blurred spectrum
    assert strength.argmax() * 2 == pytest.approx(1200, abs=near)


def test_the_spectrum_of_the_inverse_is_the_spectrum() -> None:
    """The fewer is lost, the nearer: relative distance of the amplitudes."""
    wave = sound(RATE, 22050)
    wanted = one("stft", wave)
    off = {}
    for name in ("stft", "ms128", "mfcc"):
        maker = front_end(name)
        again = one("stft", maker.inverse(of(maker, wave)[0], 22050)[0].numpy())
        scale = (again * wanted).sum() / again.square().sum()
        off[name] = float((again * scale - wanted).norm() / wanted.norm())
    assert off["stft"] < 0.1 and off["stft"] < off["ms128"] < off["mfcc"], off
    assert off["ms128"] < 0.3


def test_an_excerpt_of_cqt_says_that_it_is_not_turned_back() -> None:
    excerpt = Excerpt(front_end("cqt"), 0.5)
    with pytest.raises(UserError, match=r"^frontend: CQT cannot be turned back"):
        excerpt.waves(torch.zeros(1, *excerpt.shape))


@pytest.mark.parametrize("name", ["lms128", "mfcc", "ms128", "stft"])
def test_an_excerpt_is_turned_back(name: str) -> None:
    excerpt = Excerpt(front_end(name), 0.5)
    assert excerpt.shape == (1, *front_end(name).shape, 44)
    wave = torch.from_numpy(excerpt.heard(tone(1200, 5000)))[None].float()
    frames = front_end(name)(wave, torch.tensor([22050]))[0]
    again = excerpt.waves(excerpt.values(frames))
    assert again.shape == (1, 22050)
    assert again[:, :4000].square().mean() > 30 * again[:, 7000:].square().mean(), "then silence"


@pytest.mark.parametrize("name", ["lms128", "mfcc", "ms128", "stft"])
def test_silence_is_at_the_floor_and_stays_silent(name: str) -> None:
    """There and back; it has no loudest place that anything could be relative to."""
    excerpt = Excerpt(front_end(name), 0.5)
    silence = torch.zeros(2, excerpt.samples)
    frames, _ = front_end(name)(silence, torch.full((2,), excerpt.samples))
    values = excerpt.values(frames)
    lowest = -1 if name != "mfcc" else values.min()  # further cosines of a flat frame are 0
    assert values[:, :, 0].max() == pytest.approx(-1, abs=1e-5) and values.min() == lowest
    waves = excerpt.waves(values)
    assert waves.shape == (2, excerpt.samples) and waves.abs().max() == 0
    assert torch.equal(excerpt.as_of(values, Excerpt(Waveform(16000, None), 0.5)), waves[:, :8000])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["silence", "one sample", "clipped", "tiny", "offset"])
def test_no_sound_makes_what_is_not_finite(name: str, kind: str) -> None:
    wave = {
        "silence": np.zeros(3000),
        "one sample": np.array([0.7]),
        "clipped": np.sign(sound(RATE, 3000) - 0.02),
        "tiny": sound(RATE, 3000) * 1e-30,
        "offset": np.ones(3000),
    }[kind]
    maker = front_end(name)
    features, lengths = of(maker, wave)
    assert lengths.item() == features.shape[1] == maker.frames(len(wave))
    assert features.isfinite().all() and features.half().isfinite().all()
    values = maker.normalise(features.half(), lengths)
    assert values.isfinite().all()
    if hasattr(maker, "inverse"):
        waves = maker.inverse(maker.denormalise(values), len(wave), 3)
        assert waves.shape == (1, len(wave)) and waves.isfinite().all()
