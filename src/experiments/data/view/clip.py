"""Clips as a view: a stretch of frames of each record's, and one that does not belong to it.

Stored are frames of 8 bits (`data/store/filming.py`), which are mapped. What of them is needed
travels as it is; stride, crop, flip and normalisation happen on the device, the same for all frames
of a clip.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
import torch
from torch import Tensor

from experiments.clip.form import ClipForm, spread
from experiments.data.augment import centre, crop_and_flip, normalise, to_uint8
from experiments.data.record import CLIP, Drop, require_clips
from experiments.data.store.dataset import Dataset
from experiments.data.store.filming import Filming
from experiments.data.store.item import prepare_items
from experiments.data.store.split import Split
from experiments.data.view.base import Choice, Part, View
from experiments.data.view.caption import CAPTION
from experiments.data.view.wrong_clip import Wrong, WrongClips
from experiments.file.name import plain
from experiments.terminal.error import BadInput, UserError, reason_of
from experiments.terminal.line import number_of

SHOWN = 8  # frames of a strip


@dataclass(frozen=True, eq=False)
class StoredClips(Part):
    """Clips as they are stored, with what is to be cut from them."""

    pixels: Tensor  # uint8 (B, span, L, L, C)
    offsets: Tensor  # int64 (B, 2), top and left
    flips: Tensor  # bool (B,)
    wrong_pixels: Tensor | None = None  # uint8 (B, span, L, L, C), of wrong pairs


@dataclass(frozen=True, eq=False)
class Clips(Part):
    """What a system is given."""

    values: Tensor  # float32 (B, C, T, S, S) in [-1, 1]
    wrong_values: Tensor | None = None  # the same, of the clips of wrong pairs

    @property
    def first(self) -> Tensor:
        """The first frames (B, C, S, S)."""
        return self.values[:, :, 0]


class ClipView(View):
    """A stretch of each record's clip, as `form` has it.

    `wrong`: clips of wrong pairs come too, whose captions are never the one that was drawn: of any
    record ("clip"), of the same thing that does something else ("action": equal in all that a
    picture shows, other in what only a clip shows), or of either with equal chances ("mixed").
    `flip`: whether clips are mirrored half of the time; None: as the data set says, and never where
    its captions say left and right.
    """

    example = "sample(clip=['bird.mp4'])"
    stored: np.ndarray  # uint8 (all, kept, L, L, C), since `open`
    places: np.ndarray  # int64 (N,), where in `stored` each record of the split is
    strangers: WrongClips  # since `open`

    def __init__(
        self,
        form: ClipForm,
        wrong: Wrong | None = None,
        flip: bool | None = None,
        name: str = CLIP,
    ) -> None:
        assert wrong is None or wrong in get_args(Wrong), f"wrong: {wrong}"
        self.form, self.wrong, self.name, self.pace = form, wrong, name, form.pace
        self.asks_flip, self.flip = flip, False

    # What is stored.

    def left_out(self, dataset: Dataset, quiet: bool = True) -> list[Drop]:
        require_clips(dataset.reader, dataset.name)
        filming = Filming(self.form)
        return prepare_items(dataset, CLIP, filming, filming.settings(), quiet).drops

    def open(
        self, dataset: Dataset, split: Split, device: torch.device | str = "cpu", quiet: bool = True
    ) -> Self:
        require_clips(dataset.reader, dataset.name)
        if self.asks_flip and not dataset.mirror:
            raise UserError(f"flip: captions of {dataset.name} say left and right; take flip=false")
        opened, filming = copy.copy(self), Filming(self.form)
        store = prepare_items(dataset, CLIP, filming, filming.settings(), quiet)
        items, kept = store.of(split.keys), self.form.kept
        opened.split, opened.stores = split, (store.folder.name,)
        opened.stored = items.values.reshape(-1, kept, *items.values.shape[1:])
        opened.places = items.begin[items.first(np.arange(len(split)))] // kept
        mirrored = dataset.flip and dataset.mirror
        opened.flip = mirrored if self.asks_flip is None else self.asks_flip
        if self.wrong is not None:
            opened.strangers = WrongClips(dataset, split, self.wrong)
        return opened

    # What is drawn.

    def choose(
        self, rows: np.ndarray, drawn: Mapping[str, Choice], rng: np.random.Generator
    ) -> Choice:
        """Where in time and place each clip (batch,) is cut, and whether it is mirrored."""
        form, count = self.form, len(rows)
        return {
            "rows": rows,
            "starts": rng.integers(0, form.room + 1, count),
            "offsets": rng.integers(0, form.stored - form.side + 1, (count, 2)),
            "flips": rng.random(count) < (0.5 if self.flip else 0.0),
        }

    def pair(
        self, rows: np.ndarray, drawn: Mapping[str, Choice], rng: np.random.Generator
    ) -> Choice:
        """Records (batch,) whose clips do not belong to the captions that were drawn."""
        if self.wrong is None:
            return {}
        captions = drawn[CAPTION]["rows"] if CAPTION in drawn else None
        found = self.strangers.of(rows, None if captions is None else np.asarray(captions), rng)
        return {"wrong": found, "wrong_records": found}

    def plain(self, rows: np.ndarray) -> Choice:
        """The middle stretch, and the central square of it."""
        form = self.form
        return {
            "rows": rows,
            "starts": np.full(len(rows), form.room // 2, np.int64),
            "offsets": centre(form.stored, form.side, len(rows)).numpy(),
            "flips": np.zeros(len(rows), bool),
        }

    def take(self, choice: Choice) -> StoredClips:
        starts, wrong = np.asarray(choice["starts"]), choice.get("wrong")
        return StoredClips(
            self._cut(np.asarray(choice["rows"]), starts),
            torch.from_numpy(np.asarray(choice["offsets"])),
            torch.from_numpy(np.asarray(choice["flips"])),
            None if wrong is None else self._cut(np.asarray(wrong), starts),
        )

    def ready(self, part: Part, layout: torch.memory_format = torch.contiguous_format) -> Clips:
        assert isinstance(part, StoredClips)
        wrong = part.wrong_pixels
        return Clips(
            self._made(part.pixels, part), None if wrong is None else self._made(wrong, part)
        )

    def blank(self, count: int, data: Mapping[str, Any]) -> Clips:
        values = torch.empty(count, *self.form.shape)
        return Clips(values, None if self.wrong is None else values.clone())

    def disk(
        self,
        records: int,
        trained: int,
        captions: float,
        data: Mapping[str, Any],
        letters: float = 0.0,
    ) -> dict[str, int]:
        form = self.form
        size = records * form.kept * form.stored**2 * form.channels
        what = f"store of {number_of(records, 'clip', ',')}, {form.kept} frames at {form.stored} px"
        return {what: size}

    def _cut(self, rows: np.ndarray, starts: np.ndarray) -> Tensor:
        """Stretches of the rows, uint8 (B, span, L, L, C)."""
        span = self.form.span
        shape = (len(rows), span, *self.stored.shape[2:])
        pixels = torch.empty(shape, dtype=torch.uint8, pin_memory=torch.cuda.is_available())
        found = pixels.numpy()
        for number, (place, start) in enumerate(zip(self.places[rows], starts, strict=True)):
            found[number] = self.stored[place, start : start + span]
        return pixels

    def _made(self, pixels: Tensor, part: StoredClips) -> Tensor:
        """(B, C, T, S, S) in [-1, 1]."""
        form = self.form
        frames = pixels[:, :: form.stride].flatten(0, 1)
        offsets, flips = (
            each.repeat_interleave(form.frames, 0) for each in (part.offsets, part.flips)
        )
        if form.stored == form.side and not self.flip:
            crops = frames.permute(0, 3, 1, 2)
        else:
            crops = crop_and_flip(frames, offsets, flips, form.side)
        clips = crops.unflatten(0, (len(pixels), form.frames)).transpose(1, 2)
        return normalise(clips.contiguous())

    # What a person sees of it, and asks for.

    def stages(self, part: Part) -> list[Tensor]:
        assert isinstance(part, Clips)
        return [part.values]

    def pictures(self, values: Tensor) -> Tensor:
        """Strips (B, 3, S, n S): up to `SHOWN` frames beside one another, the first to the left."""
        frames = values[:, :, spread(values.shape[2], SHOWN)]
        strip = frames.transpose(2, 3).flatten(3)  # (B, C, S, n S)
        return strip.expand(-1, 3, -1, -1)

    def read(self, inputs: Sequence[Any]) -> Clips:
        """Clips (B): video files, arrays uint8 (T, H, W, 1 or 3), or such with their rate; the
        middle stretch. Raises `UserError` for what is no clip."""
        if not inputs:
            raise UserError(f"{self.name}: none was given; name a file, as bird.mp4")
        form = self.form
        stretch = slice(form.room // 2, form.room // 2 + form.span)
        pixels = torch.from_numpy(np.stack([self._frames(one)[stretch] for one in inputs]))
        still = torch.zeros(len(pixels), dtype=torch.bool)
        offsets = centre(form.stored, form.side, len(pixels))
        return self.ready(StoredClips(pixels, offsets, still))

    def _frames(self, item: Any) -> np.ndarray:
        """Of an input what would be stored."""
        named = plain(str(item)) if isinstance(item, str | Path) else "a clip"
        try:
            if isinstance(item, str | Path):
                return Filming(self.form).frames(Path(item))
            frames, rate = item if isinstance(item, tuple) else (item, self.form.rate or 1.0)
            frames = np.asarray(frames)
            if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] not in (1, 3):
                raise UserError(
                    f"{self.name}: takes files, or frames uint8 (T, H, W, 3); this is "
                    f"{frames.dtype} {tuple(frames.shape)}"
                )
            return Filming(self.form).frames((frames, float(rate)))
        except (TypeError, ValueError, BadInput) as error:
            raise UserError(f"{named}: {reason_of(error)}; give a video") from None

    def handed(self, values: Tensor) -> list[Any]:
        """Arrays uint8 (T, H, W, 3); black where a number is not finite."""
        whole = values.float().nan_to_num(nan=-1.0, posinf=-1.0, neginf=-1.0)
        pixels = to_uint8(whole).expand(-1, 3, -1, -1, -1).permute(0, 2, 3, 4, 1)
        return list(pixels.contiguous().cpu().numpy())
