"""Sounds of records as a view: a stretch of one length of each, and one that does not belong to it.

Stored are frames of a front-end (`data/store/sounding.py`); a spectrum is scaled and resized on the
device.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor

from experiments.data.record import SOUND, Drop, Record
from experiments.data.store.dataset import Dataset
from experiments.data.store.item import Items, prepare_items
from experiments.data.store.recorder import STORED, frames_of
from experiments.data.store.sounding import Sounding, sounding_of
from experiments.data.store.speech import speech_of
from experiments.data.store.split import Split
from experiments.data.view.base import Choice, Part, Sound, View
from experiments.data.view.stranger import PoseStrangers, Strangers
from experiments.file.name import plain
from experiments.frontend.excerpt import Excerpt
from experiments.frontend.wave import as_wave, read_wave
from experiments.terminal.error import BadInput, UserError, reason_of
from experiments.terminal.line import say

Mismatch = Literal["none", "class", "pose"]


@dataclass(frozen=True, eq=False)
class StoredSounds(Part):
    """Frames as they are stored."""

    frames: Tensor  # float16 (B, T, ...)
    wrong_frames: Tensor | None = None  # the same, of the records of wrong pairs


@dataclass(frozen=True, eq=False)
class Sounds(Part):
    """What a system is given, as `Excerpt.values` has it."""

    values: Tensor  # float32 (B, *shape)
    wrong_values: Tensor | None = None  # the same, of the records of wrong pairs


class SoundView(View):
    """An excerpt of each record's sound.

    `mismatch`: which records make wrong pairs: of another class, or of another pose of the same
    class (`Record.more["pose"]`), as another player of an instrument; with "none" there are no such
    pairs. Pictures may follow them (`PictureView.wrong`). `wrong`: their sounds come too.
    """

    heard = True
    example = "sample(sound=['song.wav'])"
    stored: Items  # since `open`
    dataset: Dataset  # since `open`
    strangers: Strangers | PoseStrangers  # since `open`

    def __init__(
        self,
        excerpt: Excerpt,
        mismatch: Mismatch = "none",
        wrong: bool = False,
        name: str = SOUND,
    ) -> None:
        assert not wrong or mismatch != "none", "there are no wrong pairs"
        self.excerpt, self.mismatch, self.wrong, self.name = excerpt, mismatch, wrong, name

    # What is stored.

    def usable(self, dataset: Dataset, quiet: bool = True) -> Dataset:
        """Without records that have no sound, which are counted."""
        sounding = sounding_of(dataset, self.excerpt)
        store = prepare_items(dataset, SOUND, sounding, sounding.settings(), quiet)
        dataset = dataset.without([_sounding_drop(drop) for drop in store.drops])
        silent = {
            key
            for key, first, last in zip(
                store.keys, store.items.start[:-1], store.items.start[1:], strict=True
            )
            if not store.items.lengths[first:last].any()
        }
        train, test = (
            split.only(np.array([key not in silent for key in split.keys], bool))
            for split in (dataset.train, dataset.test)
        )
        gone = len(dataset.train) + len(dataset.test) - len(train) - len(test)
        if not gone:
            return dataset
        if not len(train):
            raise UserError(f"{dataset.name}: no record of the training split has a sound")
        report = dataset.report | {"kept": {"train": len(train), "test": len(test)}}
        summary = f"{dataset.summary}; left out, without a sound: {gone:,}"
        return dataclasses.replace(
            dataset, train=train, test=test, report=report | {"silent": gone}, summary=summary
        )

    def open(
        self, dataset: Dataset, split: Split, device: torch.device | str = "cpu", quiet: bool = True
    ) -> Self:
        opened = copy.copy(self)
        sounding = sounding_of(dataset, self.excerpt)
        store = prepare_items(dataset, SOUND, sounding, sounding.settings(), quiet)
        opened.dataset, opened.split, opened.stored = dataset, split, _there(store.of(split.keys))
        opened.stores = (store.folder.name,)
        if self.mismatch == "class":
            opened.strangers = Strangers(split.labels)
        elif self.mismatch == "pose":
            poses = {record.key: _pose_of(record) for record in dataset.records()}
            found = [poses[key] for key in split.keys]
            if len(set(found)) < 2:
                raise UserError(
                    f"mismatch=pose: {dataset.name} has no poses in a class; use mismatch=class"
                )
            opened.strangers = PoseStrangers(split.labels, found)
        return opened

    def facts(self, dataset: Dataset) -> dict[str, Any]:
        """Of captions that are spoken the voices, and how much is kept of each."""
        recorder = sounding_of(dataset, self.excerpt).recorder
        if recorder is None:
            return {}
        kept = {"seconds": self.excerpt.stored / self.excerpt.rate}
        return {"spoken": recorder.settings() | kept}

    # What is drawn.

    def choose(
        self, rows: np.ndarray, drawn: Mapping[str, Choice], rng: np.random.Generator
    ) -> Choice:
        """A sound (batch,) of each record, and where it is cut."""
        return {
            "items": self.stored.at(rows, rng.random(len(rows))),
            "offsets": rng.integers(0, self._room + 1, len(rows)),
        }

    def pair(
        self, rows: np.ndarray, drawn: Mapping[str, Choice], rng: np.random.Generator
    ) -> Choice:
        """Records (batch,) that do not belong to `rows`, with their sounds where these come too."""
        if self.mismatch == "none":
            return {}
        wrong = self.strangers.of(rows, rng)
        found: Choice = {"wrong_records": wrong}
        if self.wrong:
            chosen = self.choose(wrong, drawn, rng)
            found |= {"wrong_items": chosen["items"], "wrong_offsets": chosen["offsets"]}
        return found

    def plain(self, rows: np.ndarray) -> Choice:
        """The middle of the first one."""
        middle = np.full(len(rows), self._room // 2, np.int64)
        return {"items": self.stored.first(rows), "offsets": middle}

    def take(self, choice: Choice) -> StoredSounds:
        wrong = choice.get("wrong_items")
        return StoredSounds(
            self._cut(choice["items"], choice["offsets"]),
            None if wrong is None else self._cut(wrong, choice["wrong_offsets"]),
        )

    def ready(self, part: Part, layout: torch.memory_format = torch.contiguous_format) -> Sounds:
        assert isinstance(part, StoredSounds)
        wrong = part.wrong_frames
        values = self.excerpt.values
        return Sounds(values(part.frames), None if wrong is None else values(wrong))

    def blank(self, count: int, data: Mapping[str, Any]) -> Sounds:
        values = torch.empty(count, *self.excerpt.shape)
        return Sounds(values, values.clone() if self.wrong else None)

    def disk(
        self,
        records: int,
        trained: int,
        captions: float,
        data: Mapping[str, Any],
        letters: float = 0.0,
    ) -> dict[str, int]:
        each = 1.0
        if self.excerpt.of == "speech":
            each = min(captions, speech_of(data).captions or captions)
        frame = np.dtype(STORED).itemsize * int(np.prod(self.excerpt.frontend.shape))
        return {f"{self.name}s": round(records * each) * self.excerpt.stored_count * frame}

    @property
    def _room(self) -> int:
        """Frames that are stored beyond those that are given."""
        return self.excerpt.stored_count - self.excerpt.count

    def _cut(self, items: Any, offsets: Any) -> Tensor:
        count = self.excerpt.count
        pairs = zip(np.asarray(items), np.asarray(offsets), strict=True)
        return torch.from_numpy(
            np.stack([self.stored.of(item)[first : first + count] for item, first in pairs])
        )

    # What a person sees and hears of it, and asks for.

    def stages(self, part: Part) -> list[Tensor]:
        assert isinstance(part, Sounds)
        return [part.values]

    def pictures(self, values: Tensor) -> Tensor:
        return self.excerpt.pictures(values)

    def sounds(self, rows: Sequence[int]) -> list[Sound | None]:
        """The first sound of each record, as it was before frames were made of it."""
        sounding = sounding_of(self.dataset, self.excerpt)
        records = {record.key: record for record in self.dataset.records()}
        return [self._again(sounding, records[self.split.keys[row]]) for row in rows]

    def _again(self, sounding: Sounding, record: Record) -> Sound | None:
        try:
            wave = sounding.wave(self.dataset.reader, record)
        except BadInput as error:
            say(f"{record.key}: its sound cannot be heard again ({error})")
            return None
        return None if wave is None else (wave, self.excerpt.rate)

    def sounding(self, values: Tensor) -> list[Sound]:
        waves = self.excerpt.waves(values.detach().float().nan_to_num().clamp(-1, 1))
        return [(wave, self.excerpt.rate) for wave in waves.cpu().numpy()]

    def read(self, inputs: Sequence[Any]) -> Sounds:
        """Sounds (B): files, or pairs of an array and its rate in Hz; the beginning of long ones.
        Raises `UserError` for what is no sound."""
        if not inputs:
            raise UserError(f"{self.name}: none was given; name a file, as song.wav")
        known = {id(item): self._frames(item) for item in {id(one): one for one in inputs}.values()}
        frames = np.stack([known[id(item)] for item in inputs])
        return Sounds(self.excerpt.values(torch.from_numpy(frames)))

    def _frames(self, item: Any) -> np.ndarray:
        excerpt, named = self.excerpt, "a sound"
        try:
            if isinstance(item, str | Path):
                named = plain(str(item))
                wave = read_wave(Path(item), excerpt.rate, excerpt.stored / excerpt.rate)
            elif isinstance(item, tuple) and len(item) == 2:
                wave = as_wave(item[0], int(item[1]), excerpt.rate)
            else:
                raise UserError(
                    f"{self.name}: {type(item).__name__} is neither a file nor samples with their "
                    "rate; give 'song.wav', or (samples, 16000)"
                )
        except (TypeError, ValueError) as error:  # BadInput among them
            raise UserError(f"{named}: {reason_of(error)}; give a sound") from None
        frames = frames_of(excerpt.frontend, excerpt.heard(wave))
        first = self._room // 2
        return frames[first : first + excerpt.count]

    def handed(self, values: Tensor) -> list[Any]:
        """Pairs of samples (N,) and their rate."""
        return list(self.sounding(values))


def _there(items: Items) -> Items:
    """Without sounds of captions that are not there."""
    kept = items.lengths > 0
    owner = np.repeat(np.arange(len(items)), np.diff(items.start))
    counts = np.bincount(owner[kept], minlength=len(items))
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Items(items.values, items.begin[kept], items.lengths[kept], start)


def _pose_of(record: Record) -> str:
    return str(record.more.get("pose", record.attributes.get("pose", "")))


def _sounding_drop(drop: Drop) -> Drop:
    return dataclasses.replace(
        drop, reason=f"sound: {drop.reason}".replace("sound: sound", "sound")
    )
