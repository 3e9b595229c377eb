"""Training batches as a pure function of the images seen: what a run resumes from is one number.

Which images: `order.py`. All that is random is drawn for the global batch and sliced for a process.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from experiments.data.order import ORDERS, Sampling
from experiments.data.store.feature import CaptionFeatures
from experiments.data.store.split import Split
from experiments.terminal.error import UserError

Mismatch = Literal["none", "roll", "class_aware"]
DRAW = 1  # a stream of random numbers that one seed gives; those of `order.py` are others
AHEAD = 3


@dataclass(frozen=True, eq=False)
class Batch:
    """B images, one caption for each, and a caption that does not belong to it.

    Images lie uncropped: `augment.crop_and_flip` applies offsets and flips on the device. Without
    mismatched captions `wrong_caption_rows` is -1 and the other `wrong_` fields are zero. `words`,
    `sentence` and `wrong_sentence` are there where features of a frozen text encoder are attached,
    `words` where it gives them.
    """

    pixels: Tensor  # uint8 (B, L, L, 3)
    offsets: Tensor  # int64 (B, 2), top and left
    flips: Tensor  # bool (B,)
    tokens: Tensor  # int64 (B, T), padded with 0
    lengths: Tensor  # int64 (B,)
    labels: Tensor  # int64 (B,)
    attributes: Tensor  # int64 (B, A), -1 where unknown
    rows: Tensor  # int64 (B,), images of the split
    caption_rows: Tensor  # int64 (B,), captions of the split
    wrong_caption_rows: Tensor  # int64 (B,)
    wrong_tokens: Tensor  # int64 (B, T)
    wrong_lengths: Tensor  # int64 (B,)
    wrong_pixels: Tensor | None = None  # uint8 (B, L, L, 3), the pictures of the wrong captions
    words: Tensor | None = None  # float16 (B, dim, T)
    sentence: Tensor | None = None  # float16 (B, dim)
    wrong_sentence: Tensor | None = None  # float16 (B, dim)
    images: list[Tensor] | None = None  # the loop's: (B, 3, r, r) in [-1, 1], smallest first
    wrong_images: list[Tensor] | None = None  # the same of `wrong_pixels`

    def __len__(self) -> int:
        return len(self.rows)

    def to(self, device: torch.device | str, non_blocking: bool = True) -> Batch:
        """The same batch on the device."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> Batch:
        """The same batch in page-locked memory."""
        return self._map(lambda tensor: tensor.pin_memory())

    def part(self, first: int, last: int) -> Batch:
        """Its rows from `first` to `last`."""
        return self._map(lambda tensor: tensor[first:last])

    def _map(self, function: Callable[[Tensor], Tensor]) -> Batch:
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        changed: dict[str, Any] = {
            k: [function(image) for image in v] if isinstance(v, list) else function(v)
            for k, v in fields.items()
            if v is not None
        }
        return Batch(**changed)


class Batches:
    """Batches of a split, read as its text encoder reads it, of which each process has its share.

    `crop`: pixels that are cut out of each image. `mismatch`: where a wrong caption comes from.
    `roll`: the next image's caption after sorting the batch by caption length (released AttnGAN
    code, where it may be of the same class; here the last takes the first's). `class_aware`: a
    random caption of a random image of another class (of another image where there is one class).
    `features`: those of a frozen text encoder for this split. `sampling`: whether a batch is the
    next of all `images` or has each image from another of the `classes`. `wrong_images`: whether
    the pictures of the wrong captions come too. `captions`: of a picture, whose `sentence` is the
    mean, that which is drawn and others (all, where there are fewer).
    """

    def __init__(
        self,
        split: Split,
        batch: int,
        seed: int,
        crop: int,
        mismatch: Mismatch = "none",
        rank: int = 0,
        num_processes: int = 1,
        features: CaptionFeatures | None = None,
        flip: bool = True,
        sampling: Sampling = "images",
        wrong_images: bool = False,
        captions: int = 1,
    ) -> None:
        assert 0 <= rank < num_processes and seed >= 0
        assert mismatch in ("none", "roll", "class_aware"), mismatch
        assert captions == 1 or features is not None, "the mean of sentences needs their features"
        length = split.images.shape[1]
        if batch < 1 or batch % num_processes:
            raise UserError(
                f"batch: {batch} images cannot be shared by {num_processes} processes; "
                f"use a multiple of {num_processes}"
            )
        if not 0 < crop <= length:
            raise UserError(f"crop: {crop} pixels cannot be cut from images of {length}")
        if len(split) == 0:
            raise UserError(f"data: the {split.name} split has no images")
        self.split, self.batch, self.seed, self.crop = split, batch, seed, crop
        self.mismatch, self.features, self.flip = mismatch, features, flip
        self.wrong_images, self.captions = wrong_images and mismatch != "none", captions
        share = batch // num_processes
        self._share = slice(rank * share, (rank + 1) * share)
        self._images = np.asarray(split.images)
        self._by_class = np.argsort(split.labels, kind="stable")
        self._sorted_labels = split.labels[self._by_class]
        self._order = ORDERS[sampling](split, batch, seed)

    def at(self, images_seen: int) -> Batch:
        """This process's share of the batch that follows after `images_seen` images."""
        rng = np.random.default_rng([self.seed, DRAW, images_seen])
        split, share = self.split, self._share
        rows = self._order.rows(images_seen)
        captions = split.caption_at(rows, rng.random(self.batch))
        room = self._images.shape[1] - self.crop + 1
        offsets = rng.integers(0, room, (self.batch, 2))
        flips = rng.random(self.batch) < (0.5 if self.flip else 0.0)
        wrong = self._wrong(rows, captions, rng)
        others, wrong_others = (
            split.caption_sets(chosen, self.captions, rng) for chosen in (captions, wrong)
        )
        rows, captions, wrong = rows[share], captions[share], wrong[share]
        has_wrong = (wrong >= 0)[:, None]
        tokens, lengths = split.read(captions)
        wrong_tokens, wrong_lengths = split.read(wrong)
        batch = Batch(
            pixels=self._gather(rows),
            offsets=torch.from_numpy(offsets[share]),
            flips=torch.from_numpy(flips[share]),
            tokens=torch.from_numpy(tokens),
            lengths=torch.from_numpy(lengths),
            labels=torch.from_numpy(split.labels[rows]),
            attributes=torch.from_numpy(split.attributes[rows]),
            rows=torch.from_numpy(rows),
            caption_rows=torch.from_numpy(captions),
            wrong_caption_rows=torch.from_numpy(wrong),
            wrong_tokens=torch.from_numpy(np.where(has_wrong, wrong_tokens, 0)),
            wrong_lengths=torch.from_numpy(np.where(has_wrong[:, 0], wrong_lengths, 0)),
        )
        if self.wrong_images:
            pixels = self._gather(split.caption_image[wrong])
            batch = dataclasses.replace(batch, wrong_pixels=pixels)
        if self.features is not None:
            words, sentence = self.features.at(captions)
            other = None if self.mismatch == "none" else self.features.at(wrong)[1]
            if self.captions > 1:
                sentence = self.features.mean(others[share])
                other = None if other is None else self.features.mean(wrong_others[share])
            batch = dataclasses.replace(batch, words=words, sentence=sentence, wrong_sentence=other)
        return batch.pin_memory() if torch.cuda.is_available() else batch

    def prefetch(self, start: int, stop: int | None = None) -> Iterator[Batch]:
        """Batches from `start` images seen until `stop`, made ahead by one thread.

        What fails in the thread is raised here; leaving the loop ends the thread.
        """
        ready: queue.Queue[Batch | BaseException | None] = queue.Queue(AHEAD)
        left = threading.Event()
        device = torch.cuda.current_device() if torch.cuda.is_available() else None

        def put(item: Batch | BaseException | None) -> None:
            while not left.is_set():
                with contextlib.suppress(queue.Full):
                    ready.put(item, timeout=0.1)
                    return

        def work() -> None:
            try:
                if device is not None:  # a thread starts on device 0, where pinning would open it
                    torch.cuda.set_device(device)
                images_seen = start
                while not left.is_set() and (stop is None or images_seen < stop):
                    put(self.at(images_seen))
                    images_seen += self.batch
                put(None)
            except BaseException as error:
                put(error)

        thread = threading.Thread(target=work, name="prefetch", daemon=True)
        thread.start()
        try:
            while (item := ready.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            left.set()
            with contextlib.suppress(queue.Empty):
                while True:
                    ready.get_nowait()
            thread.join()

    def _wrong(
        self, rows: np.ndarray, captions: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Caption rows that do not belong to the images, (batch,); -1 for none."""
        if self.mismatch == "none":
            return np.full(self.batch, -1, np.int64)
        if self.mismatch == "roll" and self.batch > 1:
            order = np.argsort(-self.split.lengths[captions], kind="stable")
            wrong = np.empty_like(captions)
            wrong[order] = captions[np.roll(order, -1)]
            return wrong
        return self.split.caption_at(self._other_image(rows, rng), rng.random(self.batch))

    def _other_image(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A random image of another class for each; of the same one only where there is but one."""
        count, uniform = len(self.split), rng.random(len(rows))
        labels = self.split.labels[rows]
        first = np.searchsorted(self._sorted_labels, labels, side="left")
        same = np.searchsorted(self._sorted_labels, labels, side="right") - first
        if same[0] == count:  # one class only
            other = (uniform * (count - 1)).astype(np.int64)
            return np.minimum(other + (other >= rows), count - 1)
        pick = (uniform * (count - same)).astype(np.int64)
        return self._by_class[pick + np.where(pick >= first, same, 0)]

    def _gather(self, rows: np.ndarray) -> Tensor:
        if not torch.cuda.is_available():
            return torch.from_numpy(self._images[rows])
        shape = (len(rows), *self._images.shape[1:])
        pixels = torch.empty(shape, dtype=torch.uint8, pin_memory=True)
        np.take(self._images, rows, axis=0, out=pixels.numpy(), mode="clip")
        return pixels
