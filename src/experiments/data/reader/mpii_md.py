"""MPII-MD: clips of films with what a describer says of them (Rohrbach 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from experiments.data.images import read_whole
from experiments.data.layout.entry import stem_of
from experiments.data.layout.folder import is_picture
from experiments.data.layout.mpii_md import FETCH, find_layout, seconds_of
from experiments.data.layout.root import picture_below
from experiments.data.layout.sounds import SoundLayout
from experiments.data.reader.filmed import ClipReader, Found
from experiments.data.record import Record
from experiments.terminal.error import BadInput, UserError

RATE = 24.0  # frames a second of films, where a name does not say how long a clip is
MOST = 2_000  # frames of a folder
HELD = 1 << 30  # bytes of them


class MPIIMD(ClipReader):
    """The reader of MPII-MD.

    `root`: the folder with `annotations-someone.csv`, `dataSplit.txt` and the clips, or
    `hf://owner/name`. `films`: use these alone, by number and name or by name; null: all.
    `test_share`: of the clips, where the published split of films has none to train on or none to
    test on among them. `follow_links`: also out of the root. Each clip is a class of its own.
    """

    name = "mpii_md"
    remedy = FETCH

    def __init__(
        self,
        root: str | None = None,
        films: Sequence[str] | None = None,
        test_share: float = 0.1,
        follow_links: bool | None = None,
    ) -> None:
        if not 0 < test_share < 1:
            raise UserError(f"data.reader.test_share: {test_share} is not between 0 and 1")
        if films is not None and not films:
            raise UserError("data.reader.films: names no film; name some, or null for all")
        super().__init__(root, follow_links)
        self.films = None if films is None else tuple(films)
        self.test_share = test_share

    def clip(self, record: Record) -> Found:
        """The file, or the frames of the folder, in the order of their numbers."""
        first = super().clip(record)
        assert isinstance(first, Path)
        if not is_picture(first.name):
            return first
        paths = sorted((path for path in first.parent.iterdir() if is_picture(path.name)), key=_n)
        if len(paths) > MOST:
            raise BadInput(f"more than {MOST:,} frames")
        folder = PurePosixPath(str(record.more["clip"])).parent.as_posix()
        root, frames, held = self._folder(), list[np.ndarray](), 0
        for path in paths:
            inner = f"{folder}/{path.name}"
            frame = read_whole(picture_below(root, [root], inner, self.follows))
            frames.append(frame)
            held += frame.nbytes
            if held > HELD or frame.shape != frames[0].shape:
                raise BadInput("frames are too large" if held > HELD else "frames differ in size")
        seconds = seconds_of(folder.rpartition("/")[2])
        rate = RATE if seconds is None else max(len(frames) / seconds, 1e-3)
        return np.stack(frames), rate

    def _settings(self) -> tuple[object, ...]:
        return (self.films, self.test_share)

    def _layout(self, root: Path) -> SoundLayout:
        return find_layout(root, self.follow_links, self.films, self.test_share)


def _n(path: Path) -> tuple[int, str]:
    stem = stem_of(path.name)
    return (int(stem), "") if stem.isascii() and stem.isdigit() else (1 << 60, stem)
