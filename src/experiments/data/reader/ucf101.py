"""UCF-101: people who do one of 101 things (Soomro 2012)."""

from __future__ import annotations

from pathlib import Path

from experiments.data.layout.action_classes import FETCH_UCF, UCF_TESTED, ucf101
from experiments.data.layout.sounds import SoundLayout
from experiments.data.reader.filmed import ClipReader
from experiments.terminal.error import UserError


class UCF101(ClipReader):
    """The reader of UCF-101.

    `root`: the folder that holds `UCF-101/` and `ucfTrainTestlist/`, or `hf://owner/name`. `fold`:
    which of the three splits. `follow_links`: also out of the root. Classes are actions, a pose is
    a group, whose clips are of one film; no group is on both sides. The caption is the words of the
    class, as nobody wrote any.
    """

    name = "ucf101"
    remedy = FETCH_UCF

    def __init__(
        self, root: str | None = None, fold: int = 1, follow_links: bool | None = None
    ) -> None:
        if fold not in UCF_TESTED:
            raise UserError(f"data.reader.fold: {fold!r} is none of 1, 2, 3")
        super().__init__(root, follow_links)
        self.fold = fold

    def _settings(self) -> tuple[object, ...]:
        return (self.fold,)

    def _layout(self, root: Path) -> SoundLayout:
        return ucf101(root, self.follow_links, self.fold)
