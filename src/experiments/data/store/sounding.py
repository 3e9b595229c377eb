"""What is stored of a record's sound: frames of a front-end, all of one length.

The sound is the record's own, or its captions are spoken, each a sound (`recorder.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.record import Reader, Record, require_sounds
from experiments.data.store.dataset import Dataset
from experiments.data.store.part import Item
from experiments.data.store.recorder import STORED, Recorder, frames_of, recorder_of, settings_of
from experiments.frontend.excerpt import Excerpt
from experiments.frontend.wave import Silent, as_wave, read_wave
from experiments.terminal.error import BadInput


@dataclass(frozen=True)
class Sounding:
    """Makes the frames of a record's sounds, empty where one is not there. It pickles.
    `recorder`: of captions, where these are spoken."""

    excerpt: Excerpt
    recorder: Recorder | None = None

    def __call__(self, reader: Reader, record: Record) -> Sequence[Item]:
        """Raises `BadInput` for a sound of the record that cannot be used."""
        if self.recorder is None:
            try:
                wave = self.wave(reader, record)
            except Silent:  # a rest, an animal that makes no sound: nothing is broken
                wave = None
            return [self._nothing() if wave is None else self._frames(wave)]
        found: list[Item] = []
        for number in range(len(record.captions))[: self.recorder.speech.captions]:
            try:
                wave = self.wave(reader, record, number)
                found.append(self._nothing() if wave is None else self._frames(wave))
            except BadInput as error:
                found.append(str(error))
        return found

    def wave(self, reader: Reader, record: Record, number: int = 0) -> np.ndarray | None:
        """The sound (N,) at the rate of the excerpt, or that of a caption; None where there is
        none. Raises `BadInput` for one that cannot be used."""
        if self.recorder is not None:
            return self.recorder.wave(reader, record, number)
        found = reader.sound(record)  # type: ignore[attr-defined]
        if found is None:
            return None
        rate, most = self.excerpt.rate, self.excerpt.stored
        if isinstance(found, str | Path):
            return read_wave(Path(found), rate, most / rate)
        samples, of = found
        return as_wave(samples, int(of), rate)[:most]

    def settings(self) -> dict[str, Any]:
        """All that the frames depend on, besides records and code."""
        told = {"frontend": settings_of(self.excerpt.frontend), "samples": self.excerpt.stored}
        return told if self.recorder is None else told | {"speech": self.recorder.settings()}

    def _frames(self, wave: np.ndarray) -> np.ndarray:
        return frames_of(self.excerpt.frontend, self.excerpt.heard(wave))

    def _nothing(self) -> np.ndarray:
        return np.zeros((0, *self.excerpt.frontend.shape), STORED)


def sounding_of(dataset: Dataset, excerpt: Excerpt) -> Sounding:
    """Who makes the sounds of a data set. Raises `UserError` where there are none."""
    if excerpt.of == "speech":
        return Sounding(excerpt, recorder_of(dataset, excerpt.frontend))
    require_sounds(dataset.reader, dataset.name)
    return Sounding(excerpt)
