"""VGAN's clips: stabilised films of Flickr as tall JPEGs (Vondrick 2016)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.clip.strip import from_strip
from experiments.data.images import read_whole
from experiments.data.layout.sounds import SoundLayout
from experiments.data.layout.tall import FETCH, find_layout
from experiments.data.reader.filmed import ClipReader, Found
from experiments.data.record import CLIP, Record
from experiments.terminal.error import BadInput, UserError


class Tall(ClipReader):
    """The reader of VGAN's tall JPEGs.

    `root`: the folder to which the paths of the list are relative, or `hf://owner/name`. `list`,
    `test_list`: files with a path a line, maybe with the number of a class; null: the only *.txt in
    the root, and `test_share` of its folders to test on. `rate`: frames a second, which the files
    do not say. `follow_links`: also out of the root. There are no captions.
    """

    name = "vgan"
    remedy = FETCH

    def __init__(
        self,
        root: str | None = None,
        list: str | None = None,
        test_list: str | None = None,
        test_share: float = 0.1,
        rate: float = 25.0,
        follow_links: bool | None = None,
    ) -> None:
        if not 0 < test_share < 1:
            raise UserError(f"data.reader.test_share: {test_share} is not between 0 and 1")
        if not rate > 0:
            raise UserError(f"data.reader.rate: {rate} is not above 0")
        super().__init__(root, follow_links)
        self.list, self.test_list = list, test_list
        self.test_share, self.rate = test_share, float(rate)

    @property
    def has(self) -> tuple[str, ...]:
        """Clips alone, and their first frames."""
        return ("picture", CLIP)

    def clip(self, record: Record) -> Found:
        """The frames of the picture, from top to bottom. Raises `BadInput` for one that is no whole
        number of squares, as for every other that cannot be used."""
        path = super().clip(record)
        assert isinstance(path, Path)
        strip = read_whole(path)
        height, width = strip.shape[:2]
        if height < width or height % width:
            raise BadInput(f"strip of {width} x {height} px is no whole number of squares")
        frames: np.ndarray = from_strip(strip, height // width, "vertical")
        return frames, self.rate

    def _settings(self) -> tuple[object, ...]:
        return (self.rate, self.test_share if self.test_list is None else None)

    def _layout(self, root: Path) -> SoundLayout:
        return find_layout(root, self.follow_links, self.list, self.test_list, self.test_share)
