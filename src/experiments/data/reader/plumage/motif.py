"""The ten motifs of invented songs, one for each colour.

Each has a shape of its own in time and frequency, which stays when it is moved up or down or
stretched: lines that rise, fall, wave or stand still, in one piece or several; bands; stripes.
Frequencies run without a jump in phase, and every note swells and dies away.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RATE = 16_000  # Hz
SEMITONE = 2 ** (1 / 12)
Motif = Callable[[float, int], np.ndarray]


def flute(pitch: float, count: int) -> np.ndarray:
    """One steady note, its vibrato growing."""
    place, time = _times(count)
    bend = 0.12 * place * np.sin(2 * np.pi * 7.0 * time)
    return 0.50 * swell(count, 0.022, 0.050) * _tone(pitch * SEMITONE**bend, (1.0, 0.10, 0.04))


def rise(pitch: float, count: int) -> np.ndarray:
    """A whistle that goes up by 13 semitones."""
    place, _ = _times(count)
    curve = pitch * SEMITONE ** (-6 + 13 * place**1.25)
    return 0.50 * swell(count, 0.030, 0.022) * _tone(curve, (1.0, 0.06))


def fall(pitch: float, count: int) -> np.ndarray:
    """A whistle that goes down by 13 semitones."""
    place, _ = _times(count)
    curve = pitch * SEMITONE ** (7 - 13 * place**0.8)
    return 0.50 * swell(count, 0.014, 0.045) * _tone(curve, (1.0, 0.06))


def arch(pitch: float, count: int) -> np.ndarray:
    """A whistle up and down again."""
    place, _ = _times(count)
    curve = pitch * SEMITONE ** (-6 + 12 * np.sin(np.pi * place))
    return 0.50 * swell(count, 0.022, 0.030) * _tone(curve, (1.0, 0.08))


def call(pitch: float, count: int) -> np.ndarray:
    """Two notes, high and low, as a cuckoo's."""
    high = round(0.42 * count)
    low = round(0.46 * count)
    wave = np.zeros(count)
    for start, length, step in ((0, high, 4), (count - low, low, -3)):
        note = _tone(np.full(length, pitch * SEMITONE**step), (1.0, 0.16, 0.05))
        wave[start : start + length] = 0.50 * swell(length, 0.010, 0.032) * note
    return wave


def trill(pitch: float, count: int) -> np.ndarray:
    """Short notes, high and low in turn, 26 in a second, each a little falling."""
    _, time = _times(count)
    notes = 26 * time
    turn = np.sin(np.pi * notes)
    step = 2.6 * np.clip(4 * turn, -1, 1) - 0.8 * (notes % 1 - 0.5)
    beat = 0.12 + 0.88 * np.abs(turn) ** 0.8
    return 0.55 * swell(count, 0.012, 0.028) * beat * _tone(pitch * SEMITONE**step, (1.0, 0.06))


def warble(pitch: float, count: int) -> np.ndarray:
    """A whistle that waves up and down, ten times a second."""
    _, time = _times(count)
    step = 4.0 * np.sin(2 * np.pi * 10 * time)
    return 0.50 * swell(count, 0.018, 0.035) * _tone(pitch * SEMITONE**step, (1.0, 0.06))


def buzz(pitch: float, count: int) -> np.ndarray:
    """A carrier in pulses, 95 a second: a band with no line in it."""
    place, time = _times(count)
    pulses = (0.5 + 0.5 * np.cos(2 * np.pi * 95 * time)) ** 9
    carrier = _tone(pitch * SEMITONE ** (1 - 2 * place), (1.0,))
    return 0.62 * swell(count, 0.030, 0.040) * pulses * carrier


def taps(pitch: float, count: int) -> np.ndarray:
    """Knocks on wood, 15 a second."""
    wave = np.zeros(count)
    time = np.arange(int(0.025 * RATE)) / RATE
    onset = np.minimum(time / 0.0006, 1)
    knock = np.zeros(len(time))
    for ratio, fade, weight in ((0.55, 0.0040, 1.0), (1.0, 0.0025, 0.8), (1.75, 0.0015, 0.6)):
        knock += weight * np.exp(-time / fade) * np.sin(2 * np.pi * ratio * pitch * time)
    knock *= onset * swell(len(time), 0, 0.004)
    for start in range(0, count - len(time), RATE // 15):
        wave[start : start + len(time)] += 0.55 * knock
    return wave


def reed(pitch: float, count: int) -> np.ndarray:
    """A low note of many overtones, as a crow's or an oboe's."""
    place, _ = _times(count)
    curve = pitch / 4 * SEMITONE ** (0.9 * np.sin(np.pi * place) - 0.4 * place)
    weights = (0.35, 0.55, 0.85, 1.0, 0.85, 0.6, 0.35, 0.2)
    return 0.20 * swell(count, 0.018, 0.035) * _tone(curve, weights)


# By colour, and the name that pages give it.
MOTIFS: dict[str, Motif] = {
    "black": reed,
    "white": flute,
    "grey": buzz,
    "brown": taps,
    "red": rise,
    "orange": call,
    "yellow": trill,
    "green": warble,
    "blue": fall,
    "purple": arch,
}


def _times(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each sample (count,): its place from 0 to 1, and its time in seconds."""
    ticks = np.arange(count)
    return ticks / count, ticks / RATE


def _tone(curve: np.ndarray, weights: tuple[float, ...]) -> np.ndarray:
    """Harmonics of a note whose frequency in Hz is `curve` (N,), with these amplitudes; those that
    would lie above 7.5 kHz are left out.

    sin(k p) follows from sin((k - 1) p) and sin((k - 2) p), so that one sine and one cosine do.
    """
    phase = np.cumsum(curve) * (2 * np.pi / RATE)
    before, now = np.zeros(len(curve)), np.sin(phase)
    total = weights[0] * now
    if len(weights) > 1:
        twice = 2 * np.cos(phase)
    top = float(curve.max())
    for number, weight in enumerate(weights[1:], start=2):
        if number * top > 7500:
            break
        before, now = now, twice * now - before
        total += weight * now
    return total


def swell(count: int, attack: float, release: float) -> np.ndarray:
    """From 0 to 1 within `attack` seconds and back within `release`, as halves of a cosine; both
    are shortened where a note is shorter than them."""
    shape = np.ones(count)
    for seconds, edge in ((attack, shape), (release, shape[::-1])):
        length = min(round(seconds * RATE), count // 2)
        edge[:length] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(length) / max(length, 1))
    return shape
