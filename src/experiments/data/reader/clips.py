"""A user's own clips and captions, in a folder of any name: as `data=folder` reads pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.clip.decode import CLIPS, is_clip
from experiments.clip.sound import read_sound
from experiments.data.layout.entry import Entry
from experiments.data.layout.folder import walk
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.root import picture_below
from experiments.data.layout.walk import require_followed
from experiments.data.reader.filmed import first_picture, require_reading, with_clip
from experiments.data.reader.folder import Folder, FolderLayout
from experiments.data.record import CLIP, SOUND, Record
from experiments.terminal.error import UserError

HOW = (
    "put name.txt with a caption a line beside each name.mp4, or write metadata.jsonl with a line "
    '{"file_name": "name.mp4", "text": "a caption"} for each'
)
RATE, LONGEST = 44_100, 60.0  # Hz and seconds of what is heard in a clip


class Clips(Folder):
    """The reader of `data=clips`.

    All that `Folder` says of pictures holds for clips: captions, classes, splits, links. A clip is
    a video, a GIF, or an animated WebP or PNG (`clip.decode.CLIPS`); its picture is its first
    frame. A run that hears sounds takes those of `Folder`, else what is heard in the clip itself.
    """

    name = "clips"
    remedy = f"set it to the folder of your clips: {HOW}"
    thing, kinds, how = "clip", CLIPS, HOW

    @property
    def has(self) -> tuple[str, ...]:
        """Clips and pictures, with captions or, where they are asked for, with sounds."""
        return ("picture", SOUND if self.sounds else "caption", CLIP)

    def clip(self, record: Record) -> Path:
        """The file, below the root. Raises `BadInput` for one that is missing, empty, no file, or
        outside of the root."""
        root = self._folder()
        return picture_below(root, [root], record.image, self.follows)

    def image(self, record: Record, size: int) -> np.ndarray:
        """The central square of the first frame. Raises `BadInput` for a clip that has none."""
        return first_picture(self.clip(record), size)

    def sound(self, record: Record) -> Path | tuple[np.ndarray, int] | None:  # type: ignore[override]
        """The file of a sound, or what is heard in the clip (N,) float32 and its rate in Hz; None
        where there is neither."""
        given = super().sound(record)
        if given is not None:
            return given
        found = read_sound(self.clip(record), RATE, 0.0, LONGEST)
        return None if found is None or not len(found) else (found, RATE)

    def _checked(self) -> FolderLayout:
        """Raise `UserError` where there are no clips, or none of them could be opened."""
        if not self.sounds:
            found = super()._checked()
        else:
            found = self._found()
            require_followed(found.root, found.tree.found, self.follow_links)
            if not found.tree.pictures:
                raise UserError(f"data.root: no clip in {self.root}; {HOW}")
        require_reading(found.tree.pictures)
        return found

    def _layout(self, root: Path) -> FolderLayout:
        tree = walk(root, self.follows, self.sounds, is_clip, self.thing)
        return FolderLayout(root=root, text=root, tree=tree)

    def _record(
        self, found: FolderLayout, entry: Entry, captions: dict[int, str], label: int, split: Split
    ) -> Record:
        return with_clip(super()._record(found, entry, captions, label, split))
