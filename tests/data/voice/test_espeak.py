"""espeak by ctypes: the same sound always, tempo and pitch, and text that is not obeyed."""

from __future__ import annotations

import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from experiments.data.voice import check, espeak, speak, version_of
from experiments.terminal.error import BadInput, UserError
from tests.data.voice.heard import median_pitch

pytest.importorskip("espeakng_loader")

CAPTION = "this small bird has a red head and a white belly"


def test_a_caption_is_a_float_wave_of_about_its_length() -> None:
    wave, rate = speak("espeak/m1", CAPTION)
    assert (rate, wave.dtype, wave.ndim) == (22050, np.float32, 1)
    assert len(wave) / rate == pytest.approx(2.57, rel=0.01)
    assert 0.3 < np.abs(wave).max() <= 1


def test_a_faster_speaker_takes_less_time_and_a_higher_one_has_a_higher_pitch() -> None:
    def seconds(tempo: int) -> float:
        wave, rate = speak("espeak/m3", CAPTION, words_per_minute=tempo)
        return len(wave) / rate

    assert seconds(100) / seconds(200) == pytest.approx(2, rel=0.1)
    low, own, high = (median_pitch(*speak("espeak/m3", CAPTION, pitch=p)) for p in (10, 50, 90))
    assert low < 0.85 * own and high > 1.3 * own


def test_what_was_spoken_before_is_not_heard() -> None:
    """espeak's own state lasts from caption to caption: flutter, echo, noise."""
    voices = random.Random(0).sample(espeak.voices(), 12)
    first = [speak(f"espeak/{name}", CAPTION)[0] for name in voices]
    for name in voices[::-1]:
        speak(f"espeak/{name}", "yellow wings", words_per_minute=300, pitch=80)
        assert (speak(f"espeak/{name}", CAPTION)[0] == first[voices.index(name)]).all(), name


@pytest.mark.parametrize("start", ["spawn", "fork"])
def test_another_process_makes_the_same_bytes(start: str) -> None:
    jobs = [("espeak/f3", CAPTION), ("espeak/croak", "a bird"), ("espeak/m1", CAPTION)]
    here = [speak(*job)[0].tobytes() for job in jobs]
    with ProcessPoolExecutor(2, multiprocessing.get_context(start)) as pool:
        there = [pool.submit(speak, *job) for job in jobs[::-1]]
        assert [job.result()[0].tobytes() for job in there[::-1]] == here


def test_threads_speak_one_after_another() -> None:
    alone = speak("espeak/f2", CAPTION)[0].tobytes()
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(speak, "espeak/f2", CAPTION) for _ in range(16)]
        assert {job.result()[0].tobytes() for job in jobs} == {alone}


def test_text_is_read_and_never_obeyed() -> None:
    def said(text: str) -> bytes:
        return speak("espeak/m1", text)[0].tobytes()

    assert said("a\x0190P bird") == said("a 90P bird"), "a command of espeak to change the pitch"
    assert len(said('<break time="9s"/> bird')) < 5 * 2 * len(said("bird")), "no pause of SSML"
    assert said("[[b'3:d]]") != said("bird"), "no phonemes"
    assert said("a\nred\tbird\0 \ud800") == said("a red bird")


def test_what_has_no_sound_is_bad_input() -> None:
    for text in ("", " \n", "...", "\x00\x01", "\u2603"):
        with pytest.raises(BadInput, match="no letter"):
            speak("espeak/f3", text)
    with pytest.raises(BadInput, match="1001 letters"):
        speak("espeak/f3", "a" * 1001)


def test_a_caption_that_takes_minutes_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "SECONDS", 2)
    assert speak("espeak/f3", "a red bird")[0].any()
    with pytest.raises(BadInput, match="more than 2 seconds"):
        speak("espeak/f3", CAPTION)
    assert speak("espeak/f3", "a red bird")[0].any(), "the next is spoken again"


def test_variants_differ_and_each_has_sound() -> None:
    waves = {name: speak(f"espeak/{name}", CAPTION)[0] for name in espeak.voices()}
    assert len(waves) == 102
    assert len({wave.tobytes() for wave in waves.values()}) == 102
    quiet = [name for name, wave in waves.items() if wave.std() < 0.02 or len(wave) < 40_000]
    assert quiet == []


def test_languages_are_those_of_its_data() -> None:
    english, british, french = (
        speak("espeak/m1", "bird orange", language)[0].tobytes()
        for language in ("en-us", "en-gb", "fr")
    )
    assert len({english, british, french}) == 3
    assert speak("espeak/m1", "bird orange", "EN-US")[0].tobytes() == english
    assert {"fr", "ru", "ca", "ro", "bg", "es", "be", "el", "da", "en"} <= {*espeak.languages()}


def test_every_language_has_sound() -> None:
    assert len(espeak.languages()) == 148
    for language in espeak.languages():
        check("espeak/f3", language)


@pytest.mark.parametrize(
    ("voice", "language", "said"),
    [
        ("espeak/m33", "en-us", "no such variant; did you mean m3"),
        ("espeak/../../etc", "en-us", "no such variant"),
        ("espeak/en-us", "en-us", "data.speech.language=en-us"),
        ("espeak/en-us+f3", "en-us", "as in espeak/f3"),
        ("espeak/caleb", "en-us", "not sound the same twice"),
        ("espeak/f3", "en-su", "espeak does not speak it; did you mean en-us"),
        ("espeka/f3", "en-us", "did you mean espeak"),
        ("espeak", "en-us", "espeak/..."),
    ],
)
def test_unknown_names_are_one_line(voice: str, language: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        speak(voice, CAPTION, language)
    assert "\n" not in str(caught.value)


def test_the_version_names_engine_and_data() -> None:
    assert version_of("espeak/f3") == "espeak-ng 1.52.0, espeakng-loader 0.2.4"
