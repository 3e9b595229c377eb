"""Speech as captions: what is heard, and what is refused, by the recogniser itself."""

from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest

from experiments.app.recogniser.base import RATE, NotHeard
from experiments.app.recogniser.captions import Captions
from experiments.app.recogniser.listener import Listener, loudest, recogniser_of
from experiments.app.recogniser.sphinx import Sphinx, has_digital_silence, prepared
from experiments.data.voice import speak
from experiments.terminal.error import UserError

CAPTION = "this bird has a red crown and a white belly"
Said = tuple[np.ndarray, int]


def test_a_caption_is_heard(listener: Listener, said: Said) -> None:
    assert listener.hear(*said).text == CAPTION
    assert listener.notes == ("speech: expects captions of plumage (79 words)",)


def test_of_any_rate_and_of_two_channels(listener: Listener, said: Said) -> None:
    import soxr

    wave, rate = said
    fast = soxr.resample(wave, rate, 44_100)
    assert listener.hear(np.stack([fast, fast]), 44_100).text == CAPTION


def test_and_in_own_words(listener: Listener) -> None:
    if not shutil.which("flite"):
        pytest.skip("needs flite")
    said = speak("flite/rms", "an orange bird")
    assert listener.hear(*said).text == "an orange bird"


def test_espeak_is_heard_though_its_pauses_are_exact_silence(listener: Listener) -> None:
    pytest.importorskip("espeakng_loader")
    caption = "a bird with green legs and a purple back"
    wave, rate = speak("espeak/Alex", caption)
    assert has_digital_silence(wave)
    assert listener.hear(wave, rate).text == caption


def noise() -> np.ndarray:
    return np.random.default_rng(0).normal(size=2 * RATE).astype(np.float32)


def melody() -> np.ndarray:
    time = np.arange(RATE // 3) / RATE
    notes = [220 * 2 ** (step / 12) for step in (0, 4, 7, 12, 7, 4, 0, 5)]
    waves = [sum(np.sin(2 * np.pi * f * k * time) / k for k in range(1, 7)) for f in notes]
    return np.concatenate([0.1 * wave * np.exp(-2 * time) for wave in waves]).astype(np.float32)


@pytest.mark.parametrize(
    ("sound", "told"),
    [
        (np.zeros(RATE, np.float32), "recording is silent"),
        (1e-4 * noise(), "recording is silent"),
        (np.full(RATE, 0.5, np.float32), "recording is silent"),
        (0.1 * noise(), "noise"),
        (melody(), "noise or music"),
        (np.zeros(0, np.float32), "no samples"),
        (np.full(RATE, np.nan, np.float32), "not finite"),
    ],
    ids=["silence", "a faint hiss", "a constant", "noise", "music", "nothing", "no numbers"],
)
def test_what_is_no_speech_is_told_in_a_line(
    listener: Listener, sound: np.ndarray, told: str
) -> None:
    with pytest.raises(NotHeard, match=told) as caught:
        listener.hear(sound, RATE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("bonjour comment allez vous aujourd'hui", "fr"),
        ("ein kleiner vogel sitzt auf einem ast", "de"),
        ("good morning how are you today", "en-us"),
    ],
)
def test_other_speech_is_told_in_a_line(listener: Listener, text: str, language: str) -> None:
    pytest.importorskip("espeakng_loader")
    with pytest.raises(NotHeard, match="description"):
        listener.hear(*speak("espeak/Alex", text, language))


def test_what_was_heard_before_changes_nothing(listener: Listener, said: Said) -> None:
    with pytest.raises(NotHeard):
        listener.hear(0.1 * noise(), RATE)
    assert listener.hear(*said).text == CAPTION


def test_words_that_nobody_can_say_are_told() -> None:
    pytest.importorskip("pocketsphinx")
    captions = Captions(("a red xqzt bird", "a blue bird"), (), "two captions")
    first, second = Listener(Sphinx(), captions).notes
    assert (
        first.startswith("speech: 1 of 5 words of the captions are not heard") and "xqzt" in first
    )
    assert second == "speech: expects two captions (5 words)"


def test_sphinx_is_not_asked_for_other_languages() -> None:
    pytest.importorskip("pocketsphinx")
    with pytest.raises(UserError, match=r"hears English, .* are in fr"):
        Sphinx().expect(Captions(("un oiseau rouge",), (), "captions", "fr"))


def test_faint_noise_covers_exact_silence_alone() -> None:
    wave = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)
    assert not has_digital_silence(wave)
    pause = round(0.3 * RATE)
    whole = np.frombuffer(prepared(wave), "<i2")
    assert len(whole) == RATE + 2 * pause and not whole[:pause].any()
    wave[4000:8000] = 0
    covered = np.frombuffer(prepared(wave), "<i2")[pause + 4000 : pause + 8000]
    assert 20 < covered.std() < 200  # 0.003 of the loudest sample
    assert prepared(wave) == prepared(wave)


def test_the_loudest_tenth_of_a_second_counts() -> None:
    wave = np.zeros(RATE, np.float32)
    wave[8000:9600] = np.tile([0.1, -0.1], 800)
    assert loudest(wave) == pytest.approx(0.1)


def test_a_recogniser_is_chosen_by_its_node() -> None:
    target = "experiments.app.recogniser.sphinx.Sphinx"
    general = recogniser_of({"_target_": target, "language_model": "general"})
    assert isinstance(general, Sphinx) and general.language_model == "general"
    with pytest.raises(UserError, match="captions or general"):
        recogniser_of({"_target_": target, "language_model": "any"})
    with pytest.raises(UserError, match="sphinx, vosk or whisper"):
        recogniser_of({"_target_": "experiments.encoder.damsm.Damsm"})


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(UserError, match=r"needs pocketsphinx .* run pip install"):
        recogniser_of(None).check()
