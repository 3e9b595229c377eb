"""What the application hears with: a recogniser that expects the captions of a run, and what it
writes put into their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.app.recogniser.base import RATE, NotHeard, Recogniser
from experiments.app.recogniser.captions import Captions, captions_of
from experiments.app.recogniser.compound import Change, put_right
from experiments.app.recogniser.language import spoken_words
from experiments.app.recogniser.sphinx import Sphinx
from experiments.config.build import build
from experiments.config.target import targets_in
from experiments.frontend.wave import Silent, as_wave
from experiments.terminal.error import BadInput, UserError

KEY = "app.recogniser"
WITHIN = "experiments.app.recogniser."
WINDOW = 0.1  # seconds of which the loudest count
QUIET = 1e-3  # of full scale, -60 dB: the root mean square of nobody's voice


@dataclass(frozen=True)
class Said:
    """`text`: what was said, in the words of the run where it can be; `changed`: what was heard and
    is written otherwise."""

    text: str
    changed: tuple[Change, ...] = ()


class Listener:
    """A recogniser and the captions that it expects. `notes`: lines to tell of it."""

    def __init__(self, recogniser: Recogniser, captions: Captions) -> None:
        """Raises `UserError` where the recogniser cannot hear such captions."""
        self.recogniser = recogniser
        spoken = {word for text in captions.texts for word in spoken_words(text)}
        self._words = frozenset({*spoken, *captions.words})
        self.notes = recogniser.expect(captions)

    def hear(self, samples: np.ndarray, rate: int) -> Said:
        """What is said in samples (N,), (N, C) or (C, N) at `rate` Hz.

        Raises `NotHeard` for silence, noise, music and other speech, and for what is no sound.
        """
        try:
            wave = as_wave(samples, rate, RATE)
        except Silent:
            raise NotHeard(SILENCE) from None
        except BadInput as error:
            raise NotHeard(f"recording: {error}; record it again") from None
        if loudest(wave) < QUIET:
            raise NotHeard(SILENCE)
        return Said(*put_right(self.recogniser.hear(wave), self._words))


SILENCE = "nothing is heard: the recording is silent; look whether the microphone is on"


def loudest(wave: np.ndarray) -> float:
    """The root mean square of the loudest tenth of a second of (N,) at `RATE`, without its mean."""
    size = min(round(WINDOW * RATE), len(wave))
    whole = wave[: len(wave) // size * size].reshape(-1, size).astype(np.float64)
    return float(whole.std(axis=1).max())


def recogniser_of(node: Mapping[str, Any] | None) -> Recogniser:
    """The recogniser that a configuration names (`conf/app/recogniser/`), Sphinx where it names
    none. Raises `UserError` for another class, or options that it does not have."""
    if node is None:
        return Sphinx()
    targets = [str(target) for target in targets_in(node)]
    if len(targets) != 1 or not targets[0].startswith(WITHIN):
        raise UserError(f"{KEY}: choose one: app/recogniser=sphinx, vosk or whisper")
    found: Recogniser = build(dict(node), None, KEY)
    return found


def check_recogniser(node: Mapping[str, Any] | None) -> None:
    """Raise `UserError` for a configuration that names none, and where a model that it asks for is
    missing. That Sphinx is not installed is told to whoever speaks: captions can be typed."""
    recogniser = recogniser_of(node)
    if not isinstance(recogniser, Sphinx):
        recogniser.check()


def listener_of(node: Mapping[str, Any] | None, run: Path, cache: Path) -> Listener:
    """Of a run folder or an export. `cache`: where prepared data lie. Raises `UserError` where a
    package or a model is missing, and where the run has no captions to expect."""
    recogniser = recogniser_of(node)
    recogniser.check()
    return Listener(recogniser, captions_of(run, cache))
