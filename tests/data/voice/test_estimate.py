"""How long captions are, known before they are spoken."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.data.reader.plumage import Plumage
from experiments.data.record import Record
from experiments.data.voice import Manner, estimate, seconds_of, speak, voices_of


def test_letters_and_tempo_decide() -> None:
    assert seconds_of("x" * 60, 200) == pytest.approx(2 * seconds_of("x" * 60, 400))
    assert seconds_of("x" * 60, 200) == pytest.approx(9.57 * 60 / 200)
    found = estimate([("x" * 60, Manner("espeak/f3", 200, 50)), ("y", Manner("flite/slt", 100, 5))])
    assert found.captions == 2
    assert found.seconds == pytest.approx(9.57 * (60 / 200 + 1 / 100))
    assert found.work == pytest.approx(9.57 * (0.001 * 60 / 200 + 0.03 * 1 / 100))


def test_captions_of_plumage_are_as_long_as_was_said() -> None:
    pytest.importorskip("espeakng_loader")
    voices = voices_of("auto", unheard=True)
    spoken, seconds = [], []
    for record in Plumage(images_per_species=1).read():
        assert isinstance(record, Record)
        manner = voices.of(record.key, 0, record.split)
        spoken.append((record.captions[0], manner))
        wave, rate = speak(
            manner.voice,
            record.captions[0],
            words_per_minute=manner.words_per_minute,
            pitch=manner.pitch,
        )
        seconds.append(len(wave) / rate)
    assert len(seconds) == 200
    assert estimate(spoken).seconds == pytest.approx(sum(seconds), rel=0.03)
    each = [seconds_of(text, manner.words_per_minute) for text, manner in spoken]
    assert np.abs(np.divide(each, seconds) - 1).mean() < 0.1
