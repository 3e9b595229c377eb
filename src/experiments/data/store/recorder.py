"""Who makes the recordings of a data set, and what is stored of each: frames of a front-end.

The data bring sound, or frames, or voices say the captions (`data/voice/`).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.record import Reader, Record
from experiments.data.store.dataset import Dataset
from experiments.data.store.part import Item
from experiments.data.store.speech import RECORDINGS, Speech, speakers
from experiments.data.text.reading import SPEECH
from experiments.data.voice.choice import PITCH, TEMPO, Voices
from experiments.data.voice.speak import speak, version_of
from experiments.frontend.wave import as_wave, read_wave
from experiments.terminal.error import BadInput

STORED = np.float16


@dataclass(frozen=True)
class Recorder:
    """Makes the frames of a record's captions: an item each, empty where there is no recording. It
    pickles. `voices`: who speaks; None: the data have recordings."""

    frontend: Any
    speech: Speech
    voices: Voices | None

    def __call__(self, reader: Reader, record: Record) -> Sequence[Item]:
        said = record.captions if self.voices is not None else record.more.get(SPEECH, ())
        return [self._frames(reader, record, k) for k in range(len(said))[: self.speech.captions]]

    def _frames(self, reader: Reader, record: Record, number: int) -> Item:
        """Frames (T, ...) of a caption, none without a recording, or why it cannot be used."""
        try:
            if self.voices is None:
                found = reader.recording(record, number)  # type: ignore[attr-defined]
                if isinstance(found, np.ndarray):
                    return self._given(found)
                wave = None if found is None else self._read(found)
            else:
                wave = self._spoken(record, number)
        except BadInput as error:
            return str(error)
        if wave is None:
            return np.zeros((0, *self.frontend.shape), STORED)
        return frames_of(self.frontend, wave)

    def wave(self, reader: Reader, record: Record, number: int) -> np.ndarray | None:
        """The sound (N,) that the frames of a caption were made of, at the front-end's rate, made
        again; None where the data have nothing but frames. Raises `BadInput` where it is gone."""
        if self.voices is not None:
            return self._spoken(record, number)
        found = reader.recording(record, number)  # type: ignore[attr-defined]
        return None if found is None or isinstance(found, np.ndarray) else self._read(found)

    def _read(self, file: Path) -> np.ndarray:
        return read_wave(Path(file), self.frontend.rate, self.speech.seconds)

    def _spoken(self, record: Record, number: int) -> np.ndarray:
        assert self.voices is not None
        manner, rate = self.voices.of(record.key, number, record.split), self.frontend.rate
        text, language = record.captions[number], self.speech.language
        spoken, at = speak(manner.voice, text, language, manner.words_per_minute, manner.pitch)
        return as_wave(spoken, at, rate)[: int(self.speech.seconds * rate)]

    def _given(self, frames: np.ndarray) -> Item:
        """Frames that the data have already: those of S2IGAN's front-end, which no other hears."""
        takes = getattr(self.frontend, "takes_frames", False)
        if not takes or frames.shape[1:] != self.frontend.shape:
            return f"frames of {frames.shape[1:]} that {type(self.frontend).__name__} does not hear"
        with np.errstate(over="ignore"):  # not finite then, which is refused
            stored = frames[: self.longest].astype(STORED)
        return stored if np.isfinite(stored).all() else "frames too large for half precision"

    @property
    def longest(self) -> int:
        """Frames that are kept of a recording at most."""
        return int(self.frontend.frames(int(self.speech.seconds * self.frontend.rate)))

    def settings(self) -> dict[str, Any]:
        """All that the frames depend on, besides records and code."""
        told = dataclasses.asdict(self.speech) | {"frontend": settings_of(self.frontend)}
        if self.voices is None:
            return told | {"unheard": None, "voices": RECORDINGS}
        names = {"train": list(self.voices.train), "test": list(self.voices.test)}
        every = sorted({*names["train"], *names["test"]})
        return told | {
            "voices": names,
            "versions": {name: version_of(name) for name in every},
            "words_per_minute": TEMPO,
            "pitch": PITCH,
        }


def settings_of(frontend: Any) -> dict[str, Any]:
    """What a front-end is made with, as JSON."""
    values = {key: value for key, value in vars(frontend).items() if not key.startswith("_")}
    return {"class": type(frontend).__name__} | json.loads(json.dumps(values))


def frames_of(frontend: Any, wave: np.ndarray) -> np.ndarray:
    """Frames (T, ...) of one mono wave at the front-end's rate, as they are stored."""
    import torch

    waves, lengths = torch.from_numpy(wave)[None], torch.tensor([len(wave)])
    with torch.inference_mode():
        found: np.ndarray = frontend(waves, lengths)[0][0].numpy()
    return found.astype(STORED)


def recorder_of(dataset: Dataset, frontend: Any) -> Recorder:
    """Who makes the recordings of a data set. Raises `UserError` where nobody can."""
    speech = dataset.speech
    return Recorder(frontend, speech, speakers(speech, dataset.reader, dataset.name))
