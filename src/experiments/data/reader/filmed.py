"""What readers of clips in files have in common: the picture of a clip is its first frame."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from experiments.clip.decode import frames_of, needs_package, require_package
from experiments.clip.form import ClipForm
from experiments.data.layout.entry import Entry
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.root import picture_below
from experiments.data.layout.sounds import SoundLayout
from experiments.data.reader.sounding import SoundReader
from experiments.data.record import CLIP, Record
from experiments.terminal.error import BadInput

Found = Path | tuple[np.ndarray, float]


class ClipReader(SoundReader):
    """A reader of clips, each an entry whose `image` is the file. A subclass says where they lie
    (`_layout`), and which of its settings count."""

    seen_in = ""  # the folder of clips

    @property
    def has(self) -> tuple[str, ...]:
        """Clips with captions; pictures are their first frames."""
        return ("picture", "caption", CLIP)

    def clip(self, record: Record) -> Found:
        """The file, below the root. Raises `BadInput` for one that is missing, empty, no file, or
        outside of the root."""
        root, path = self._folder(), str(record.more.get(CLIP, ""))
        return picture_below(root, self._folders(root, record.split), path, self.follows)

    def image(self, record: Record, size: int) -> np.ndarray:
        """The central square of the first frame. Raises `BadInput` for a clip that has none."""
        return first_picture(self.clip(record), size)

    def _checked(self) -> SoundLayout:
        found = super()._checked()
        require_reading(entry.image for entry in found.entries if isinstance(entry, Entry))
        return found

    def _record(
        self, found: SoundLayout, entry: Entry, captions: dict[int, str], label: int, split: Split
    ) -> Record:
        return with_clip(super()._record(found, entry, captions, label, split))


def with_clip(record: Record) -> Record:
    """A record whose `image` is the file of its clip."""
    return dataclasses.replace(record, more=record.more | {CLIP: record.image})


def require_reading(paths: object) -> None:
    """Raise `UserError` where files need the extra `video`, which is missing."""
    if any(map(needs_package, paths)):  # type: ignore[call-overload]
        require_package()


def first_picture(found: Found, size: int) -> np.ndarray:
    """The central square of a clip's first frame, uint8 (size, size, 3). Raises `BadInput`."""
    if isinstance(found, Path):
        frame = next((frame.pixels for frame in frames_of(found, size)), None)
    else:
        frame = found[0][0] if len(found[0]) else None
    if frame is None:
        raise BadInput("video has no frames")
    return ClipForm(1, size).squared(frame)
