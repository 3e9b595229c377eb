"""MSVD, or YouTube2Text: short clips of YouTube with many sentences each (Chen and Dolan 2011)."""

from __future__ import annotations

from pathlib import Path

from experiments.data.layout.msvd import FETCH, find_layout
from experiments.data.layout.sounds import SoundLayout
from experiments.data.reader.filmed import ClipReader
from experiments.terminal.error import UserError


class MSVD(ClipReader):
    """The reader of MSVD.

    `root`: the folder that holds `YouTubeClips/` and `AllVideoDescriptions.txt`, or
    `hf://owner/name`. `captions_per_image`: use only the first so many of a clip. `test_share`: of
    the videos, where no list says the split. `follow_links`: also out of the root.
    """

    name = "msvd"
    remedy = FETCH

    def __init__(
        self,
        root: str | None = None,
        captions_per_image: int | None = None,
        test_share: float = 0.3,
        follow_links: bool | None = None,
    ) -> None:
        if not 0 < test_share < 1:
            raise UserError(f"data.reader.test_share: {test_share} is not between 0 and 1")
        if captions_per_image is not None and captions_per_image < 1:
            raise UserError("data.reader.captions_per_image: must be 1 or more, or null for all")
        super().__init__(root, follow_links)
        self.captions_per_image = captions_per_image
        self.test_share = test_share

    def _settings(self) -> tuple[object, ...]:
        return (self.captions_per_image, self.test_share)

    def _layout(self, root: Path) -> SoundLayout:
        return find_layout(root, self.follow_links, self.test_share)
