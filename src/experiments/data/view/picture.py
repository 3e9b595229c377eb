"""Pictures as a view: a random crop, mirrored half of the time, at every resolution.

Stored are squares of 8 bits, somewhat larger than the crop (`data/store/picture.py`). They travel
to the device as they are; crop, flip, pyramid and normalisation happen there (`data/augment.py`).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from experiments.data.augment import centre, crop_and_flip, pyramid, to_uint8
from experiments.data.images import read_crop, to_rgb
from experiments.data.store.choice import StoreName, bytes_of
from experiments.data.store.dataset import Dataset
from experiments.data.store.encoded import Decoded
from experiments.data.store.image_rows import ImageRows
from experiments.data.store.split import Split
from experiments.data.view.base import Choice, Part, View
from experiments.data.view.caption import CAPTION, SHARED_STREAM
from experiments.data.view.stranger import Fellows
from experiments.terminal.error import BadInput, UserError
from experiments.terminal.line import number_of

PICTURE = "picture"
TOGETHER, SIDE = 16, 256  # pictures of up to 256 px that are made together


@dataclass(frozen=True, eq=False)
class StoredPictures(Part):
    """Pictures as they are stored, with what is to be cut from them."""

    pixels: Tensor  # uint8 (B, L, L, 3)
    offsets: Tensor  # int64 (B, 2), top and left
    flips: Tensor  # bool (B,)
    wrong_pixels: Tensor | None = None  # uint8 (B, L, L, 3), of the records of a wrong pair
    other_pixels: Tensor | None = None  # uint8 (B, L, L, 3), of others of the same class
    itself: Tensor | None = None  # bool (B,), where there is no other


@dataclass(frozen=True, eq=False)
class Pictures(Part):
    """What a system is given. Wrong pictures are those of the records of wrong pairs, and others
    are of the same class, all cut alike."""

    images: list[Tensor]  # (B, 3, r, r) in [-1, 1] of each resolution, smallest first
    wrong_images: list[Tensor] | None = None  # the same
    other: Tensor | None = None  # (B, 3, r, r) of the largest resolution
    itself: Tensor | None = None  # bool (B,): it is the picture itself, which has no other


class PictureView(View):
    """Squares of the `resolutions` (px) that the system is given, smallest first; the largest is
    what is cut from the stored ones. `wrong`: the view whose wrong pairs have their pictures come
    too. `other`: a second picture of each one's class comes as well.
    """

    name = PICTURE
    stream = SHARED_STREAM

    fellows: Fellows  # since `open`

    def __init__(
        self, resolutions: Sequence[int], wrong: str | None = None, other: bool = False
    ) -> None:
        self.resolutions, self.wrong, self.other = list(resolutions), wrong, other
        self.crop = self.resolutions[-1]
        self.together = max(1, min(TOGETHER, TOGETHER * SIDE**2 // self.crop**2))
        self.flip = True
        self.kept = self.crop  # px of what is cut from, since `asked`

    def open(
        self, dataset: Dataset, split: Split, device: torch.device | str = "cpu", quiet: bool = True
    ) -> Self:
        if dataset.size == 0:
            raise UserError(f"data: {dataset.name} has no pictures; choose another data set")
        return self.of(split, dataset.flip)

    def of(self, split: Split, flip: bool = True) -> Self:
        """The view of a split. Raises `UserError` where its pictures are too small."""
        length = split.images.shape[1]
        if not 0 < self.crop <= length:
            raise UserError(f"crop: {self.crop} pixels cannot be cut from images of {length}")
        opened = copy.copy(self)
        opened.split, opened.flip = split, flip
        if self.other:
            opened.fellows = Fellows(split.labels)
        return opened

    # What is drawn, and what becomes of it.

    def choose(
        self, rows: np.ndarray, drawn: Mapping[str, Choice], rng: np.random.Generator
    ) -> Choice:
        """Where each picture (batch,) is cut, and whether it is mirrored."""
        if CAPTION not in drawn:
            rng.random(len(rows))  # what captions draw first: whether there are any changes nothing
        room = self.split.images.shape[1] - self.crop + 1
        offsets = rng.integers(0, room, (len(rows), 2))
        flips = rng.random(len(rows)) < (0.5 if self.flip else 0.0)
        return {"rows": rows, "offsets": offsets, "flips": flips}

    def pair(
        self, rows: np.ndarray, drawn: Mapping[str, Choice], rng: np.random.Generator
    ) -> Choice:
        found: Choice = {}
        if self.wrong is not None:
            found["wrong"] = drawn[self.wrong]["wrong_records"]
        if self.other:
            found["other"] = self.fellows.of(rows, rng)
        return found

    def plain(self, rows: np.ndarray) -> Choice:
        """The central crop."""
        offsets = centre(self.split.images.shape[1], self.crop, len(rows)).numpy()
        return {"rows": rows, "offsets": offsets, "flips": np.zeros(len(rows), bool)}

    def take(self, choice: Choice) -> StoredPictures:
        wrong, other = choice.get("wrong"), choice.get("other")
        return StoredPictures(
            self._gather(np.asarray(choice["rows"])),
            torch.from_numpy(np.asarray(choice["offsets"])),
            torch.from_numpy(np.asarray(choice["flips"])),
            None if wrong is None else self._gather(np.asarray(wrong)),
            None if other is None else self._gather(np.asarray(other)),
            None if other is None else torch.from_numpy(np.asarray(other == choice["rows"])),
        )

    def ready(self, part: Part, layout: torch.memory_format = torch.contiguous_format) -> Pictures:
        assert isinstance(part, StoredPictures)

        def made(pixels: Tensor, sides: Sequence[int] = self.resolutions) -> list[Tensor]:
            crops = crop_and_flip(pixels, part.offsets, part.flips, self.crop)
            images = pyramid(crops, sides)
            return [image.contiguous(memory_format=layout) for image in images]

        wrong = None if part.wrong_pixels is None else made(part.wrong_pixels)
        other = None if part.other_pixels is None else made(part.other_pixels, [self.crop])[0]
        return Pictures(made(part.pixels), wrong, other, part.itself)

    def blank(self, count: int, data: Mapping[str, Any]) -> Pictures:
        def made() -> list[Tensor]:
            return [torch.empty(count, 3, side, side) for side in self.resolutions]

        wrong = None if self.wrong is None else made()
        if not self.other:
            return Pictures(made(), wrong)
        return Pictures(made(), wrong, made()[-1], torch.zeros(count, dtype=torch.bool))

    def disk(
        self,
        records: int,
        trained: int,
        captions: float,
        data: Mapping[str, Any],
        letters: float = 0.0,
    ) -> dict[str, int]:
        side = int(self.crop * float(data["margin"]))
        name: StoreName = data.get("store") or "pixels"
        if name == "stream":
            return {}
        form = ", as JPEG" if name == "encoded" else ""
        what = f"store of {number_of(records, 'picture', ',')} at {side} px{form}"
        return {what: bytes_of(name, records, side)}

    def _gather(self, rows: np.ndarray) -> Tensor:
        """Pictures of the rows, uint8 (B, L, L, 3); in page-locked memory where there is a GPU."""
        stored = self.split.images
        if isinstance(stored, ImageRows):
            images, rows = stored.array, stored.rows[rows]
        else:
            images = np.asarray(stored)
        if isinstance(images, Decoded):
            pixels = torch.empty((len(rows), *images.shape[1:]), dtype=torch.uint8)
            if torch.cuda.is_available():
                pixels = pixels.pin_memory()
            images.into(pixels.numpy(), rows)
            return pixels
        if not torch.cuda.is_available():
            return torch.from_numpy(images[rows])
        shape = (len(rows), *images.shape[1:])
        pixels = torch.empty(shape, dtype=torch.uint8, pin_memory=True)
        np.take(images, rows, axis=0, out=pixels.numpy(), mode="clip")
        return pixels

    # What a person sees of it.

    def stages(self, part: Part) -> list[Tensor]:
        assert isinstance(part, Pictures)
        return part.images

    def pictures(self, values: Tensor) -> Tensor:
        return values

    def asked(self, facts: Mapping[str, Any], config: Mapping[str, Any]) -> Self:
        ready = copy.copy(self)
        ready.kept = int(self.crop * float(config["data"].get("margin", 1.0)))
        return ready

    def read(self, inputs: Sequence[Any]) -> Pictures:
        """Pillow's pictures, or their files, cut and resized as test pictures. Raises `UserError`
        for what is no picture, or none that is safe to open."""
        if not inputs:
            raise UserError(f"{self.name}: none was given; name a file")
        pixels = torch.from_numpy(np.stack([self._square(picture) for picture in inputs]))
        still = torch.zeros(len(pixels), dtype=torch.bool)
        return self.ready(StoredPictures(pixels, centre(self.kept, self.crop, len(pixels)), still))

    def _square(self, picture: Any) -> np.ndarray:
        """The central square as it would be stored, uint8 (L, L, 3)."""
        try:
            if isinstance(picture, Image.Image):
                size = (self.kept, self.kept)
                fitted = ImageOps.fit(to_rgb(picture), size, Image.Resampling.BILINEAR)
                return np.asarray(fitted)
            return read_crop(Path(picture), self.kept)
        except BadInput as error:
            name = "a picture" if isinstance(picture, Image.Image) else str(picture)
            raise UserError(f"{name}: {error}; give a photograph or drawing") from None

    def handed(self, values: Tensor) -> list[Any]:
        """Pillow's pictures; black where a number is not finite."""
        whole = values.float().nan_to_num(nan=-1.0, posinf=-1.0, neginf=-1.0)
        pixels = to_uint8(whole).permute(0, 2, 3, 1).cpu().numpy()
        return [Image.fromarray(each) for each in pixels]
