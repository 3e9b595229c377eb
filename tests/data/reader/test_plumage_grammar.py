"""The grammar of songs, heard in the sound: one slot a part, pitch by size, rhythm by pattern."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from experiments.data.reader.plumage.air import SPAN
from experiments.data.reader.plumage.motif import MOTIFS, RATE
from experiments.data.reader.plumage.song import REGISTERS, RHYTHMS, Singer, sing, slots
from experiments.data.reader.plumage.species import COLOUR_ATTRIBUTES, COLOURS

WHITE = dict.fromkeys(COLOUR_ATTRIBUTES, "white") | {"pattern": "plain", "size": "medium"}
NEAR = Singer()
SLOWEST, QUICKEST = Singer(tempo=0.95, onset=0.12), Singer(tempo=1.05, onset=0.06)


def test_every_colour_has_a_motif() -> None:
    assert set(MOTIFS) == set(COLOURS) and len(set(MOTIFS.values())) == 10
    waves = [motif(2000.0, 3000) for motif in MOTIFS.values()]
    unlike = [abs(a - b).max() for i, a in enumerate(waves) for b in waves[:i]]
    assert min(unlike) > 0.3


@pytest.mark.parametrize("part", COLOUR_ATTRIBUTES)
def test_a_colour_is_heard_in_its_slot_alone(part: str) -> None:
    for seed, colour in ((3, "black"), (4, "green")):
        singer = Singer.of(seed)
        slot = next(slot for slot in slots(WHITE, singer) if slot.part == part)
        other = sing(WHITE | {part: colour}, seed, noise=0)
        unlike = np.abs(other - sing(WHITE, seed, noise=0))
        inside = slice(slot.start - 80, slot.start + slot.count + 80)  # 5 ms: soft highs spread
        assert unlike[inside].max() > 0.1
        unlike[inside] = 0
        assert unlike.max() < 1e-4


def test_slots_are_in_the_order_of_parts() -> None:
    song = slots(WHITE | {"tail": "red"}, NEAR)
    assert tuple(slot.part for slot in song) == COLOUR_ATTRIBUTES
    assert [slot.colour for slot in song].index("red") == COLOUR_ATTRIBUTES.index("tail")
    assert all(a.start + a.count < b.start for a, b in pairwise(song))


@pytest.mark.parametrize(
    ("size", "crown", "legs"),  # Hz; the last motif stands three semitones, 0.8409, below the first
    [("small", 3000, 2523), ("medium", 2120, 1783), ("large", 1500, 1261)],
)
def test_size_is_pitch(size: str, crown: float, legs: float) -> None:
    wave = sing(WHITE | {"size": size}, 0, noise=0, singer=NEAR)
    song = slots(WHITE | {"size": size}, NEAR)
    for slot, expected in ((song[0], crown), (song[-1], legs)):
        power = np.abs(np.fft.rfft(wave[slot.start : slot.start + slot.count], RATE))
        assert abs(int(power.argmax()) - expected) < 8  # 1 Hz a bin; the vibrato is 15 Hz wide


@pytest.mark.parametrize(
    ("pattern", "beats"),  # seconds from the onset of one motif to that of the next
    [
        ("plain", [0.285] * 7),
        ("spotted", [0.24, 0.33, 0.24, 0.33, 0.24, 0.33, 0.24]),
        ("streaked", [0.36, 0.3386, 0.3171, 0.2957, 0.2743, 0.2529, 0.2314]),
        ("barred", [0.35, 0.225, 0.35, 0.225, 0.35, 0.225, 0.35]),
    ],
)
def test_pattern_is_rhythm(pattern: str, beats: list[float]) -> None:
    wave = sing(WHITE | {"pattern": pattern}, 0, noise=0, singer=NEAR)
    loud = np.convolve(np.abs(wave), np.ones(160) / 160, "same") > 0.02  # over 10 ms
    onsets = np.flatnonzero(np.diff(loud.astype(int)) == 1) / RATE
    assert np.diff(onsets) == pytest.approx(beats, abs=0.002)


def test_without_noise_pauses_are_silent() -> None:
    for seed in range(6):
        wave = sing(WHITE, seed, noise=0)
        noisy = sing(WHITE, seed, noise=1)
        sung = np.zeros(len(wave), bool)
        for slot in slots(WHITE, Singer.of(seed)):
            sung[slot.start - 80 : slot.start + slot.count + 80] = True
        assert np.abs(wave[~sung]).max() < 1e-4 < np.abs(noisy[~sung]).max()
        half = sing(WHITE, seed, noise=0.5)
        assert np.allclose(half - wave, (noisy - wave) / 2, atol=1e-6)


def test_individuals_differ_in_all_that_the_grammar_leaves_open() -> None:
    singers = [Singer.of(seed) for seed in range(200)]
    for name, low, high in (
        ("tempo", 0.95, 1.05),
        ("pitch", 0.97, 1.03),
        ("level", 10**-0.5, 1.0),
        ("distance", 0.0, 1.0),
        ("onset", 0.06, 0.12),
        ("loudness", 10**-2.8, 10**-2.1),
    ):
        values = [getattr(singer, name) for singer in singers]
        assert low <= min(values) and max(values) <= high, name
        assert max(values) - min(values) > 0.8 * (high - low), name
    assert len({singer.seed for singer in singers}) == 200


@pytest.mark.parametrize("pattern", RHYTHMS)
@pytest.mark.parametrize("size", REGISTERS)
def test_length_and_level_are_in_range(pattern: str, size: str) -> None:
    bird = {"pattern": pattern, "size": size}
    for singer in (SLOWEST, QUICKEST):
        wave = sing(bird, 0, singer=singer)
        assert 2.3 <= len(wave) / RATE <= 2.7 and len(wave) <= SPAN
    for seed in range(12):
        wave = sing(bird, seed)
        assert wave.dtype == np.float32 and np.isfinite(wave).all()
        assert 0.05 < np.abs(wave).max() < 0.9 and abs(wave.mean()) < 1e-3
        assert max(abs(wave[0]), abs(wave[-1])) < 1e-4


@pytest.mark.parametrize("colour", COLOURS)
def test_motifs_begin_and_end_softly_at_every_pitch_and_length(colour: str) -> None:
    for pitch in (1500 * 0.97 * 2**-0.25, 2120.0, 3000 * 1.03 * 2 ** (4 / 12)):
        for count in (2361, 3440, 4716):  # 0.148, 0.215 and 0.295 s
            wave = MOTIFS[colour](pitch, count)
            assert wave.shape == (count,) and np.isfinite(wave).all()
            assert 0.3 < np.abs(wave).max() < 0.95
            assert max(abs(wave[0]), abs(wave[-1])) < 0.01
            power = np.abs(np.fft.rfft(wave)) ** 2
            cut = round(7900 * count / RATE)
            assert power[cut:].sum() < 0.02 * power.sum()  # nothing folds back at 8 kHz


def test_loud_surroundings_stay_within_the_scale() -> None:
    assert np.abs(sing(WHITE, 0, noise=1000)).max() == pytest.approx(1.0)


def test_what_is_left_out_is_drawn() -> None:
    assert np.array_equal(sing({}, 7), sing({}, 7))
    assert not np.array_equal(sing({}, 7), sing({}, 8))
    assert np.array_equal(sing(WHITE | {"pose": "flying"}, 7), sing(WHITE, 7))


@pytest.mark.parametrize("attributes", [{"crown": "pink"}, {"crest": "red"}])
def test_unknown_attributes_are_refused(attributes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"crown|crest"):
        sing(attributes, 0)
