"""The data set as it is heard: a recording for every caption of its splits.

Recordings come with the data or are spoken (`data/voice/`). They are stored as frames of a
front-end, made once (`item.py`); captions without one leave the splits, counted.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from experiments.data.store.dataset import Dataset
from experiments.data.store.item import ItemStore, item_folder, prepare_items
from experiments.data.store.recorder import STORED, Recorder, recorder_of
from experiments.data.store.recordings import Recordings
from experiments.data.store.split import Split
from experiments.data.text.reading import SPEECH
from experiments.data.voice.choice import Manner, Voices
from experiments.data.voice.estimate import estimate
from experiments.machine.core import cores
from experiments.terminal.error import UserError
from experiments.terminal.line import amount, duration, number_of, say

MAX_UNUSABLE = 0.01  # of the recordings that were looked at
FRAMES = 0.002  # seconds of a core that the frames of a second of speech take, about
CAPTIONS, CUT = "captions", "cut at data.speech.seconds"
# What is left out, and how it is told.
BEYOND, WITHOUT = "left out by data.speech.captions", "without a recording"
SHORT, UNUSABLE, SILENT = "too short", "that cannot be used", "records without any"
LEFT = (BEYOND, WITHOUT, SHORT, UNUSABLE, SILENT)


def heard(dataset: Dataset, frontend: Any, least: int, quiet: bool = True) -> Dataset:
    """The data set with recordings of all its captions, as frames of `frontend`, at least `least`
    of them; the same where it has them already. They are made first where they are not there.

    Raises `UserError` where nothing is heard, or more than 1 % of the recordings cannot be used.
    """
    if dataset.train.recordings is not None:
        return dataset
    recorder = recorder_of(dataset, frontend)
    settings = recorder.settings()
    if not item_folder(dataset, SPEECH, settings).exists():
        if recorder.voices is not None:
            recorder.voices.check(recorder.speech.language)
        if not quiet:
            _announce(dataset, recorder)
    store = prepare_items(dataset, SPEECH, recorder, settings, quiet)
    made = json.dumps([store.folder.name, settings], sort_keys=True)
    counts: Counter[str] = Counter()
    asked = recorder.speech.captions
    train, test = (
        _heard(split, store, least, asked, made, counts) for split in (dataset.train, dataset.test)
    )
    _require_some(dataset, store, counts, len(train))
    longest = recorder.longest
    for split in (train, test):
        assert split.recordings is not None
        counts[CUT] += int((split.recordings.lengths >= longest).sum())
    report = dict(dataset.report)
    report["heard"] = dict(counts)
    report["kept"] = {"train": len(train), "test": len(test)}
    report["captions"] = counts[CAPTIONS]
    told = f"{dataset.summary}; heard: {number_of(counts[CAPTIONS], 'caption', ',')}"
    more = [f"{counts[what]:,} {what}" for what in (CUT, *LEFT) if counts[what]]
    summary = told + (f" ({', '.join(more)})" if more else "")
    return dataclasses.replace(
        dataset,
        train=train,
        test=test,
        report=report,
        summary=summary,
        hearing=settings | {"heard": dict(counts)},
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
        f"{dataset.name}: {number_of(found.captions, 'caption', ',')} to be spoken once, by "
        f"{number_of(voices, 'voice')}: {found.seconds / 3600:.1f} hours of speech, {size}, about "
        f"{duration((found.work + FRAMES * found.seconds) / cores())}"
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
            f"{dataset.name}: {bad} of {number_of(looked, 'recording')} ({bad / looked:.1%}) "
            "cannot be used, "
            f"most often {reason!r} ({count}); repair or remove what {store.folder} lists in "
            "missing.json"
        )
    if not train:
        raise UserError(
            f"{dataset.name}: no caption of the training split is heard; check data.speech"
        )
