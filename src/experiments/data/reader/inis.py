"""Pictures of instruments, and recordings of solos, in a folder a class, as INIS (Chen 2017)."""

from __future__ import annotations

from pathlib import Path

from experiments.data.layout.inis import FETCH, find_layout
from experiments.data.layout.sounds import SoundLayout
from experiments.data.reader.sounding import SoundReader
from experiments.terminal.error import UserError


class Inis(SoundReader):
    """The reader of such folders; `layout/inis.py` says which.

    `root`: the folder of the classes, or of `train/` and `test/`, or `hf://owner/name`.
    `test_share`: of the recordings of each class to test on, where there are no such folders; one
    at least. What is of one recording is on one side. `follow_links`: also out of the root.
    """

    name = "inis"
    remedy = FETCH

    def __init__(
        self,
        root: str | None = None,
        test_share: float = 0.3,
        follow_links: bool | None = None,
    ) -> None:
        if not 0 < test_share < 1:
            raise UserError(f"data.reader.test_share: {test_share} is not between 0 and 1")
        super().__init__(root, follow_links)
        self.test_share = test_share

    def _settings(self) -> tuple[object, ...]:
        return (self.test_share,)

    def _layout(self, root: Path) -> SoundLayout:
        return find_layout(root, self.follow_links, self.test_share)
