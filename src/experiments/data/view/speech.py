"""Captions that are heard: recordings of them as frames of a front-end, and one that is wrong.

Stored are frames of every recording (`data/store/heard.py`), and for an encoder that never changes
its features, as for written captions. In training frames may be distorted, on the device, so that
no recording is heard twice alike.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from experiments.data.store.dataset import Dataset
from experiments.data.store.heard import heard
from experiments.data.store.recorder import STORED, frames_of, recorder_of
from experiments.data.store.speech import speech_of
from experiments.data.store.split import Split
from experiments.data.text.reading import SPEECH
from experiments.data.view.base import Attended, Choice, Part, Sound
from experiments.data.view.caption import Captions, CaptionView
from experiments.data.view.stranger import Mismatch
from experiments.data.voice.estimate import mean_seconds
from experiments.file.name import plain
from experiments.frontend.distortion import Distortion
from experiments.frontend.wave import as_wave, read_wave
from experiments.terminal.error import BadInput, UserError, reason_of
from experiments.terminal.line import number_of, say

KINDS = bool | int | tuple | None  # of what an encoder is made with, beside its weights


@dataclass(frozen=True, eq=False)
class StoredRecordings(Captions):
    """Recordings as they are stored, with what is drawn to distort them: uniform numbers (B, K)."""

    numbers: Tensor | None = None


class SpeechView(CaptionView):
    """Recordings of captions, as `network` hears them: it has a `frontend`, the `shortest` that it
    takes, in frames, and says how many of its words (`steps`) a recording has.

    The options are those of `CaptionView`. `distortion`: of frames in training.
    """

    name = SPEECH
    example = "sample(speech=['red-bird.wav']); experiments.data.voice.speak says captions"
    heard = True
    stream: int | None = None
    seconds: float  # kept of a recording, since `asked`
    may_compute = False  # sound is heard far more slowly than text is read
    dataset: Dataset  # since `open`

    def __init__(
        self,
        network: Any,
        mismatch: Mismatch = "none",
        encoder: nn.Module | None = None,
        average: int = 1,
        by_length: bool = True,
        distortion: Distortion | None = None,
    ) -> None:
        super().__init__(SPEECH, mismatch, encoder, average, by_length)
        assert encoder is None or distortion is None, "what is distorted cannot be stored"
        self.network, self.frontend = network, network.frontend
        self.distortion = distortion if distortion is not None and distortion.strength else None

    def usable(self, dataset: Dataset, quiet: bool = True) -> Dataset:
        return heard(dataset, self.frontend, self.network.shortest, quiet)

    def open(
        self, dataset: Dataset, split: Split, device: torch.device | str = "cpu", quiet: bool = True
    ) -> Self:
        assert split.recordings is not None, "`usable` comes first"
        opened = self.opened(dataset, split, device, quiet)
        opened.dataset = dataset
        opened.stores = (*opened.stores, split.recordings.folder)
        return opened

    def encoder_id(self) -> str:
        """With how it listens, which its weights do not say: places, padding, and the like."""
        manner = [
            f"{key}={value}"
            for part in (self.encoder, self.network)
            for key, value in sorted(vars(part).items())
            if not key.startswith("_") and key != "training" and isinstance(value, KINDS)
        ]
        told = f"{super().encoder_id()} {manner}"
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    # What is drawn.

    def choose(
        self, rows: np.ndarray, drawn: Mapping[str, Choice], rng: np.random.Generator
    ) -> Choice:
        """A recording (batch,) of each record, and how it is distorted."""
        found = super().choose(rows, drawn, rng)
        if self.distortion is not None:
            found["numbers"] = rng.random((len(rows), self.distortion.numbers), np.float32)
        return found

    def given(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Frames (B, T, ...) and lengths (B,); no frames where features are stored, and none of a
        caption that is not there, -1."""
        if self.features is not None:
            return np.zeros((len(rows), 0, *self.frontend.shape), STORED), self.split.lengths[rows]
        there = rows >= 0
        read, counts = super().given(rows[there])
        frames = np.zeros((len(rows), *read.shape[1:]), read.dtype)
        lengths = np.zeros(len(rows), np.int64)
        frames[there], lengths[there] = read, counts
        return frames, lengths

    def take(self, choice: Choice) -> Captions:
        found, numbers = super().take(choice), choice.get("numbers")
        if numbers is None:
            return found
        return StoredRecordings(**vars(found), numbers=torch.from_numpy(np.asarray(numbers)))

    def ready(self, part: Part, layout: torch.memory_format = torch.contiguous_format) -> Captions:
        assert isinstance(part, Captions)
        values = {key: value for key, value in vars(part).items() if key != "numbers"}
        if isinstance(part, StoredRecordings) and part.numbers is not None:
            assert self.distortion is not None
            values["tokens"], values["lengths"] = self.distortion(
                part.tokens.float(), part.lengths, part.numbers
            )
            values["lengths"] = values["lengths"].clamp(min=self.network.shortest)
        return Captions(**(values | {"steps": self._steps(values["lengths"])}))

    def most(self, data: Mapping[str, Any]) -> int:
        """Frames of the longest recordings that are kept, slowed down where they are distorted."""
        frames = self._frames_of(speech_of(data).seconds)
        return frames if self.distortion is None else self.distortion.longest(frames)

    def _frames_of(self, seconds: float) -> int:
        return self.frontend.frames(int(seconds * self.frontend.rate))

    def blank(self, count: int, data: Mapping[str, Any]) -> Captions:
        """The longest recordings that are kept; the wrong ones are not distorted."""
        frames, stored = self.most(data), self._frames_of(speech_of(data).seconds)
        stored = 0 if self.mismatch == "none" else stored
        if self.encoder is not None:
            frames = stored = 0
        half, shape = torch.float16, self.frontend.shape  # as they are stored
        made = half if self.distortion is None else torch.float32
        tokens = torch.empty(count, frames, *shape, dtype=made)
        wrong_tokens = torch.empty(count, stored, *shape, dtype=half)
        rows = torch.zeros(count, dtype=torch.int64)
        lengths = torch.full((count,), self.most(data))
        places = int(self.network.places) if self.gives_words else 0
        features = self.blank_features(count, places)
        wrong = rows.clone(), wrong_tokens, lengths.clone()
        return Captions(tokens, lengths, rows, *wrong, *features, self._steps(lengths))

    def _steps(self, lengths: Tensor) -> Tensor | None:
        return self.network.steps(lengths) if self.network.gives_words else None

    def disk(
        self,
        records: int,
        trained: int,
        captions: float,
        data: Mapping[str, Any],
        letters: float = 0.0,
    ) -> dict[str, int]:
        """Frames of recordings as long as captions are when they are spoken, or of the longest that
        are kept; and features of what is trained on."""
        speech = speech_of(data)
        each = min(captions, speech.captions or captions)
        seconds, name = speech.seconds, "recordings, at most"
        if letters:
            seconds, name = min(seconds, mean_seconds(letters)), "recordings"
        frame = np.dtype(STORED).itemsize * int(np.prod(self.frontend.shape))
        found = {name: round(records * each) * self._frames_of(seconds) * frame}
        if self.encoder is not None and self.precision is not None:
            words = int(self.network.places) if self.gives_words else 0
            numbers = int(self.encoder.dim) * (1 + words)  # type: ignore[arg-type]
            found["encoded captions"] = self.precision.itemsize * round(trained * each) * numbers
        return found

    # What a person sees of it, and asks for.

    def attended(self, row: int) -> Attended:
        """Stretches of the sound of the first caption."""
        frames = self.split.read(self.split.caption_start[[row]])[0][0]
        return self._attended(frames, self.split.captions[row][0] or None)

    def attended_in(self, given: Any, caption: str | None = None) -> Attended:
        return self._attended(self._frames(given), caption)

    def _attended(self, frames: np.ndarray, caption: str | None) -> Attended:
        """Stretches of a recording, frames (T, F), by the time of their middle."""
        if not self.network.gives_words:
            return Attended()
        count = int(self.network.steps(torch.tensor([len(frames)]))[0])
        seconds = len(frames) * self.frontend.hop / self.frontend.rate
        names = [f"{seconds * (place + 0.5) / count:.2f} s" for place in range(count)]
        return Attended(names, frames.reshape(len(frames), -1).T.astype(np.float32), caption)

    def sounds(self, rows: Sequence[int]) -> list[Sound | None]:
        """What the frames of the first captions were made of, spoken or read again."""
        recorder, recordings = recorder_of(self.dataset, self.frontend), self.split.recordings
        assert recordings is not None
        records = {record.key: record for record in self.dataset.records()}
        found: list[Sound | None] = []
        for row in rows:
            record = records[self.split.keys[row]]
            number = int(recordings.number[self.split.caption_start[row]])
            try:
                wave = recorder.wave(self.dataset.reader, record, number)
            except BadInput as error:
                say(f"{record.key}: its recording cannot be heard again ({error})")
                wave = None
            found.append(None if wave is None else (wave, self.frontend.rate))
        return found

    def asked(self, facts: Mapping[str, Any], config: Mapping[str, Any]) -> Self:
        ready = copy.copy(self)
        ready.seconds = speech_of(config["data"]).seconds
        return ready

    def read(self, inputs: Sequence[Any]) -> Captions:
        """Recordings (B): files, or pairs of an array and its rate in Hz; of a long one the
        beginning is kept. Raises `UserError` for what is no sound, or too short."""
        if not inputs:
            raise UserError(f"{SPEECH}: none was given; name a file, as red-bird.wav")
        known = {id(item): self._frames(item) for item in {id(one): one for one in inputs}.values()}
        found = [known[id(item)] for item in inputs]  # one may be there with several seeds
        lengths = torch.tensor([len(frames) for frames in found])
        tokens = torch.zeros(len(found), int(lengths.max()), *self.frontend.shape)
        for to, frames in zip(tokens, found, strict=True):
            to[: len(frames)] = torch.from_numpy(frames)
        return Captions(tokens, lengths, steps=self._steps(lengths))

    def _frames(self, item: Any) -> np.ndarray:
        """Frames (T, ...) of one recording."""
        rate, named = self.frontend.rate, "a recording"
        try:
            if isinstance(item, str | Path):
                named = plain(str(item))
                wave = read_wave(Path(item), rate, self.seconds)
            elif isinstance(item, tuple) and len(item) == 2:
                wave = as_wave(item[0], int(item[1]), rate)[: int(self.seconds * rate)]
            else:
                raise UserError(
                    f"{SPEECH}: {type(item).__name__} is neither a file nor samples with their "
                    "rate; give 'red-bird.wav', or (samples, 16000)"
                )
        except (TypeError, ValueError) as error:  # BadInput among them
            raise UserError(f"{named}: {reason_of(error)}; give a recording of speech") from None
        frames = frames_of(self.frontend, wave)
        if len(frames) < self.network.shortest:
            raise UserError(
                f"{named}: is too short ({number_of(len(frames), 'frame')}); this run needs "
                f"{self.network.shortest}"
            )
        return frames
