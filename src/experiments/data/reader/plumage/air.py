"""What lies between a singing bird and whoever hears it: distance, echoes, and other sound.

Random numbers are raw ones of NumPy's PCG64, whose sequence NumPy promises for a seed; it promises
none for those of `numpy.random.Generator`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from experiments.data.reader.plumage.motif import RATE, swell

SPAN = 49_152  # samples of a transform: 3.07 s, a number that transforms quickly
ECHO = 0.35  # seconds until an echo has lost 60 dB
NEAR = 0.010  # seconds before the first echo
LOWEST = 60.0  # Hz of what is heard around
FADE = 0.03  # seconds in which all begins, and twice that in which it ends


def carried(
    wave: np.ndarray, distance: float, noise: float, colour: float, loudness: float, seed: int
) -> np.ndarray:
    """`wave` (N,) as it is heard from afar, (N,) float64.

    distance: 0 near by, 1 far away: high sounds are lost, by 8 dB at 6 kHz. noise: how much of
    echoes and of other sound there is, 0: none. colour: of other sound, its level falls with the
    frequency to this power. loudness: its root mean square.
    """
    assert len(wave) <= SPAN
    spectrum = np.fft.rfft(wave, SPAN)
    spectrum *= np.exp(-_SQUARES * (0.92 * distance))
    if noise:
        spectrum *= 1 + noise * (0.05 + 0.17 * distance) * _echoes()
        spectrum += noise * loudness * _others(colour, seed)
    return np.fft.irfft(spectrum, SPAN)[: len(wave)] * swell(len(wave), FADE, 2 * FADE)


_HERTZ = np.fft.rfftfreq(SPAN, 1 / RATE)
_SQUARES = (_HERTZ / 6000) ** 2


def _draws(seed: int, count: int) -> np.ndarray:
    """Numbers of [-1, 1), (count,), in steps of 2**-15."""
    raw = np.random.PCG64(seed).random_raw(count // 4 + 1)
    return raw.astype("<u8").view("<u2")[:count] / 32768 - 1


@lru_cache(maxsize=1)
def _echoes() -> np.ndarray:
    """What a clearing answers to a click, of energy 1: its spectrum."""
    time = np.arange(int(1.2 * ECHO * RATE)) / RATE
    answer = _draws(0, len(time)) * 10 ** (-3 * time / ECHO) * (time > NEAR)
    soft = np.fft.rfft(answer / np.sqrt((answer**2).sum()), SPAN)
    return np.asarray(soft * np.exp(-_SQUARES))


def _others(colour: float, seed: int) -> np.ndarray:
    """The spectrum of wind, water and leaves: noise of a root mean square of 1."""
    draws = _draws(seed, 2 * len(_HERTZ))
    shape = np.maximum(_HERTZ, 1.0) ** -colour * (_HERTZ > LOWEST)
    shape *= SPAN / np.sqrt(4 / 3 * (shape**2).sum())  # of draws of variance 1/3 each
    return np.asarray(draws.view(np.complex128) * shape)
