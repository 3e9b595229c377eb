"""Which voice says which caption."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from experiments.data.voice import Manner, Voices, espeak, speak, voices_of
from experiments.data.voice.choice import EFFECTS, HIGH, PITCH, TEMPO, speaker_of
from experiments.terminal.error import UserError
from tests.data.voice.heard import median_pitch, spectrum

pytest.importorskip("espeakng_loader")

TESTED = (
    *("Alex", "Denis", "Lee", "Mike", "aunty", "f2"),
    *("fast", "linda", "max", "pedro", "quincy", "travis"),
)
FLITE = ("awb", "kal", "kal16", "rms", "slt")
PINNED = Manner(voice="espeak/antonio", words_per_minute=189, pitch=46)


def test_train_and_test_voices_are_other_speakers() -> None:
    voices = voices_of("auto", unheard=True)
    assert len(voices.train) == 90
    # Pinned: another choice would be other data under the same name.
    assert voices.test == tuple(f"espeak/{name}" for name in TESTED)
    assert not {*map(speaker_of, voices.train)} & {*map(speaker_of, voices.test)}
    assert len({*voices.train} & HIGH) == 17 and len({*voices.test} & HIGH) == 3
    assert not any(map(EFFECTS.fullmatch, voices.test)), "people are tested on"
    assert voices_of("espeak", unheard=True) == voices


def test_voices_may_be_heard() -> None:
    voices = voices_of("flite", unheard=False)
    assert voices.train == voices.test == tuple(f"flite/{n}" for n in FLITE)
    assert voices_of("recordings", unheard=True) == Voices((), ())


def test_few_voices_are_split_too() -> None:
    assert voices_of("flite", unheard=True).test == ("flite/awb",)
    voices = voices_of(["espeak/f3", "flite/slt"], unheard=True)
    assert len(voices.train) == len(voices.test) == 1
    assert voices_of(["espeak/whisper", "espeak/croak"], unheard=True).test == ("espeak/croak",)
    mixed = voices_of(["espeak", "flite"], unheard=True)
    assert len(mixed.train) + len(mixed.test) == 107


@pytest.mark.parametrize(
    "option", ["espeak/f3", ["espeak/iven", "espeak/iven2"], ["flite/kal"] * 2]
)
def test_one_speaker_cannot_be_heard_and_unheard(option: str | list[str]) -> None:
    with pytest.raises(UserError, match=r"data\.speech\.unheard=false"):
        voices_of(option, unheard=True)
    assert voices_of(option, unheard=False).test


@pytest.mark.parametrize(
    "option", [[], "espaek", "espeak/x9", "flite/stl", ["espeak/f3", "x/y"], ""]
)
def test_unknown_voices_are_refused(option: str | list[str]) -> None:
    with pytest.raises(UserError, match=r"data\.speech\.voice="):
        voices_of(option, unheard=False)


def test_a_manner_is_a_function_of_key_number_and_split() -> None:
    voices = voices_of("auto", unheard=True)
    assert voices.of("species_000/0000", 0, "train") == PINNED
    others = [
        voices.of("species_000/0001", 0, "train"),
        voices.of("species_000/0000", 1, "train"),
        voices.of("species_000/0000", 0, "test"),
    ]
    assert PINNED not in others
    assert voices.of("bird\ud800", 0, "test").voice in voices.test  # a name of a broken file system


def test_manners_are_spread_evenly() -> None:
    voices = voices_of("auto", unheard=True)
    for split, names in (("train", voices.train), ("test", voices.test)):
        found = [voices.of(f"a/{k}", k % 10, split) for k in range(9000)]
        counts = Counter(manner.voice for manner in found)
        expected = len(found) / len(names)
        assert set(counts) == set(names)
        assert max(abs(n - expected) for n in counts.values()) < 5 * expected**0.5
        for bounds, values in (
            (TEMPO[split], [manner.words_per_minute for manner in found]),
            (PITCH[split], [manner.pitch for manner in found]),
        ):
            assert (min(values), max(values)) == bounds
            assert np.mean(values) == pytest.approx(sum(bounds) / 2, rel=0.02)
        # No tempo belongs to a voice: the correlation of numbers drawn apart is near 0.
        ranks = [names.index(manner.voice) for manner in found]
        tempos = [manner.words_per_minute for manner in found]
        assert abs(np.corrcoef(ranks, tempos)[0, 1]) < 0.05


def test_no_unheard_voice_is_the_twin_of_a_heard_one() -> None:
    voices = voices_of("auto", unheard=True)
    spectra = {voice: spectrum(voice) for voice in voices.train + voices.test}
    nearest = min(
        float(np.abs(spectra[test] - spectra[train]).mean())
        for test in voices.test
        for train in voices.train
    )
    twins = float(np.abs(spectra["espeak/edward2"] - spectra["espeak/benjamin"]).mean())
    assert twins < 0.5 and nearest > 1.0, (twins, nearest)


def test_high_voices_are_those_with_a_high_pitch() -> None:
    for name in espeak.voices():
        if not name.startswith("whisper"):
            wave = speak(f"espeak/{name}", "this small bird has a red head and a white belly")
            assert (median_pitch(*wave) > 165) == (f"espeak/{name}" in HIGH), name
