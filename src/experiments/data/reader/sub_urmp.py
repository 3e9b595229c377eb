"""Sub-URMP: people who play one of thirteen instruments, and what they play (Chen 2017)."""

from __future__ import annotations

from pathlib import Path

from experiments.data.layout.sounds import SoundLayout
from experiments.data.layout.sub_urmp import FETCH, PICTURES, SOUNDS, find_layout
from experiments.data.reader.sounding import SoundReader


class SubURMP(SoundReader):
    """The reader of Sub-URMP.

    `root`: the folder that holds `img/` and `chunk/`, each with `train/` and `validation/`, or
    `hf://owner/name`. `follow_links`: also out of the root. Classes are instruments, the split is
    that of the folders, and a pose is a song, which one person plays.
    """

    name = "sub_urmp"
    remedy = FETCH
    seen_in, heard_in = PICTURES, SOUNDS

    def __init__(self, root: str | None = None, follow_links: bool | None = None) -> None:
        super().__init__(root, follow_links)

    def _layout(self, root: Path) -> SoundLayout:
        return find_layout(root, self.follow_links)
