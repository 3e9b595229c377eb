"""The data set as it is heard: a recording for every caption of its splits.

Recordings come with the data or are spoken (`data/voice/`). They are stored as frames of a
front-end, made once (`item.py`); captions without one leave the splits, counted.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.record import Reader, Record, has_of
from experiments.data.store.dataset import Dataset
from experiments.data.store.item import ItemStore, item_folder, prepare_items
from experiments.data.store.part import Item
from experiments.data.store.recordings import Recordings
from experiments.data.store.speech import AUTO, RECORDINGS, Speech
from experiments.data.store.split import Split
from experiments.data.text.reading import SPEECH
from experiments.data.voice.choice import Manner, Voices, voices_of
from experiments.data.voice.estimate import estimate
from experiments.data.voice.speak import speak, version_of
from experiments.frontend.wave import as_wave, read_wave
from experiments.machine.core import cores
from experiments.terminal.error import BadInput, UserError
from experiments.terminal.line import amount, duration, number_of, say

MAX_UNUSABLE = 0.01  # of the recordings that were looked at
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
        """Frames that the data have already."""
        if frames.shape[1:] != self.frontend.shape:
            return f"frames of {frames.shape[1:]}, where the front-end makes {self.frontend.shape}"
        return frames.astype(STORED)

    def settings(self) -> dict[str, Any]:
        """All that the frames depend on, besides records and code."""
        told = dataclasses.asdict(self.speech) | {"frontend": settings_of(self.frontend)}
        if self.voices is None:
            return told | {"unheard": None, "voices": RECORDINGS}
        names = {"train": list(self.voices.train), "test": list(self.voices.test)}
        every = sorted({*names["train"], *names["test"]})
        return told | {"voices": names, "versions": {name: version_of(name) for name in every}}


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


def heard(dataset: Dataset, frontend: Any, least: int, quiet: bool = True) -> Dataset:
    """The data set with recordings of all its captions, as frames of `frontend`, at least `least`
    of them; the same where it has them already. They are made first where they are not there.

    Raises `UserError` where nothing is heard, or more than 1 % of the recordings cannot be used.
    """
    if dataset.train.recordings is not None:
        return dataset
    recorder = recorder_of(dataset, frontend)
    settings = recorder.settings()
    if not quiet and not item_folder(dataset, SPEECH, settings).exists():
        _announce(dataset, recorder)
    store = prepare_items(dataset, SPEECH, recorder, settings, quiet)
    made = json.dumps([store.folder.name, settings], sort_keys=True)
    counts: Counter[str] = Counter()
    asked = recorder.speech.captions
    train, test = (
        _heard(split, store, least, asked, made, counts) for split in (dataset.train, dataset.test)
    )
    report = dict(dataset.report)
    report["heard"] = dict(counts)
    report["kept"] = {"train": len(train), "test": len(test)}
    _require_some(dataset, store, counts, len(train))
    told = f"{dataset.summary}; heard: {counts[CAPTIONS]:,} captions"
    more = [f"{counts[what]:,} {what}" for what in LEFT if counts[what]]
    summary = told + (f" ({', '.join(more)})" if more else "")
    return dataclasses.replace(
        dataset,
        train=train,
        test=test,
        report=report,
        summary=summary,
        hearing=settings | {"heard": dict(counts)},
    )


CAPTIONS = "captions"
# What is left out, and how it is told.
BEYOND, WITHOUT = "left out by data.speech.captions", "without a recording"
SHORT, UNUSABLE, SILENT = "too short", "that cannot be used", "records without any"
LEFT = (BEYOND, WITHOUT, SHORT, UNUSABLE, SILENT)


def recorder_of(dataset: Dataset, frontend: Any) -> Recorder:
    """Who makes the recordings of a data set. Raises `UserError` where nobody can."""
    speech, reader = dataset.speech, dataset.reader
    has, wanted = getattr(reader, "records_speech", False), speech.voice
    if wanted == RECORDINGS and not has:
        raise UserError(
            f"data.speech.voice={RECORDINGS}: {dataset.name} has no recordings of its captions; "
            "data.speech.voice=espeak speaks them"
        )
    if wanted == RECORDINGS or (wanted == AUTO and has):
        return Recorder(frontend, speech, None)
    if "caption" not in has_of(reader):
        raise UserError(f"data: {dataset.name} has neither captions nor recordings to hear")
    return Recorder(
        frontend, speech, voices_of("espeak" if wanted == AUTO else wanted, speech.unheard)
    )


def _announce(dataset: Dataset, recorder: Recorder) -> None:
    """What is about to be made, before it takes minutes."""
    if recorder.voices is None:
        say(f"{dataset.name}: recordings are read once, as {type(recorder.frontend).__name__}")
        return
    found = estimate(_spoken(dataset, recorder.voices, recorder.speech.captions))
    frames = recorder.frontend.frames(int(found.seconds * recorder.frontend.rate))
    size = amount(int(frames * np.prod(recorder.frontend.shape) * STORED().itemsize))
    voices = len({*recorder.voices.train, *recorder.voices.test})
    say(
        f"{dataset.name}: {found.captions:,} captions are spoken once, by "
        f"{number_of(voices, 'voice')}: {found.seconds / 3600:.1f} hours of speech, {size}, about "
        f"{duration(found.work / cores())}"
    )


def _spoken(dataset: Dataset, voices: Voices, captions: int | None) -> Iterator[tuple[str, Manner]]:
    """Each caption, and how it will be said."""
    for split, name in ((dataset.train, "train"), (dataset.test, "test")):
        for key, texts in zip(split.keys, split.captions, strict=True):
            for number, text in enumerate(texts[:captions]):
                yield text, voices.of(key, number, name)  # type: ignore[arg-type]


def _heard(
    split: Split, store: ItemStore, least: int, asked: int | None, made: str, counts: Counter[str]
) -> Split:
    """The split with its recordings, without captions that have none; `counts` them. `asked`: of
    each record."""
    items = store.of(split.keys)
    of_record = np.diff(items.start)
    if not len(split.lengths):
        split = _without_words(split, of_record)
    number = np.arange(len(split.lengths)) - split.caption_start[split.caption_image]
    there = number < of_record[split.caption_image]
    item = np.where(there, items.start[split.caption_image] + number, 0)
    lengths = np.zeros(len(item), np.int64)
    lengths[there] = items.lengths[item[there]]
    kept = lengths >= least
    found = split.only_captions(kept)
    recordings = Recordings(
        items.values, items.begin[item[kept]], lengths[kept], number[kept], made, store.folder.name
    )
    found = dataclasses.replace(found, recordings=recordings)
    has = np.diff(found.caption_start) > 0
    keys = set(split.keys)
    left = {
        BEYOND: 0 if asked is None else int((number >= asked).sum()),
        SHORT: int(((lengths > 0) & ~kept).sum()),
        UNUSABLE: sum(drop.of in keys for drop in store.missing),
    }
    counts.update(left | {CAPTIONS: int(kept.sum()), SILENT: int((~has).sum())})
    counts[WITHOUT] += int((~kept).sum()) - sum(left.values())
    return found.only(has)


def _without_words(split: Split, counts: np.ndarray) -> Split:
    """A split whose captions are not written: as many as there are recordings, all empty."""
    total = int(counts.sum())
    return dataclasses.replace(
        split,
        captions=[[""] * int(count) for count in counts],
        caption_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        caption_image=np.repeat(np.arange(len(counts)), counts),
        tokens=np.zeros((total, 1), np.int64),
        lengths=np.zeros(total, np.int64),
        mentions=np.zeros((total, split.attributes.shape[1]), bool),
    )


def _require_some(dataset: Dataset, store: ItemStore, counts: Counter[str], train: int) -> None:
    """Raise `UserError` where too little is heard."""
    bad, looked = counts[UNUSABLE], counts[CAPTIONS] + counts[UNUSABLE] + counts[SHORT]
    if bad > MAX_UNUSABLE * looked:
        reason, count = Counter(drop.reason for drop in store.missing).most_common(1)[0]
        raise UserError(
            f"{dataset.name}: {bad} of {looked} recordings ({bad / looked:.1%}) cannot be used, "
            f"most often {reason!r} ({count}); repair or remove what {store.folder} lists in "
            "missing.json"
        )
    if not train:
        raise UserError(
            f"{dataset.name}: no caption of the training split is heard; check data.speech"
        )
