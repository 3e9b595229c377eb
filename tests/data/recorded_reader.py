"""A reader whose captions have recordings, as frames that say whose they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from tiny_reader import TinyReader

from experiments.data.record import Drop, Record
from experiments.terminal.error import BadInput

BINS = 4


@dataclass
class RecordedReader(TinyReader):
    """Frame t of the recording of caption j of image k is [k, j, t, 1]; it has 4 + j of them.

    Of image k there is none where (k + j) % 4 is 0; those of images in `broken` cannot be read.
    `written`: whether the captions are there as text as well.
    """

    broken: tuple[int, ...] = ()
    written: bool = True
    records_speech: bool = True
    name: str = "recorded"

    @property
    def has(self) -> tuple[str, ...]:
        return ("picture", "caption") if self.written else ("picture",)

    def read(self) -> Iterator[Record | Drop]:
        for entry in super().read():
            assert isinstance(entry, Record)
            more = {"speech": [f"{entry.key}_{j}.wav" for j in range(len(entry.captions))]}
            bare = {} if self.written else {"captions": (), "mentions": ()}
            yield dataclasses.replace(entry, more=more, **bare)

    def recording(self, record: Record, number: int) -> np.ndarray | None:
        image = int(record.image.removesuffix(".png"))
        if image in self.broken:
            raise BadInput("sound is silent")
        if (image + number) % 4 == 0:
            return None
        return np.array([[image, number, t, 1] for t in range(4 + number)], np.float32)


class Given:
    """A front-end that is never asked: the frames are there."""

    rate, shape, hop = 16000, (BINS,), 160
    takes_frames = True

    def frames(self, samples: int) -> int:
        return samples // self.hop
