"""Youtubers: faces of people who speak to a camera, and their voices (Duarte 2019)."""

from __future__ import annotations

from pathlib import Path

from experiments.data.layout.sounds import SoundLayout
from experiments.data.layout.youtubers import FETCH, find_layout
from experiments.data.reader.sounding import SoundReader


class Youtubers(SoundReader):
    """The reader of Youtubers, as wav2pix prepares it.

    `root`: the folder that holds `train/` and `test/`, or `hf://owner/name`. `follow_links`: also
    out of the root. Classes are people; they are on both sides of the split.
    """

    name = "youtubers"
    remedy = FETCH

    def __init__(self, root: str | None = None, follow_links: bool | None = None) -> None:
        super().__init__(root, follow_links)

    def _layout(self, root: Path) -> SoundLayout:
        return find_layout(root, self.follow_links)
