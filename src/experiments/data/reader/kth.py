"""KTH: twenty-five people who do one of six things (Schuldt 2004)."""

from __future__ import annotations

from pathlib import Path

from experiments.data.layout.action_classes import ACTIONS, FETCH_KTH, SCENES, kth
from experiments.data.layout.sounds import SoundLayout
from experiments.data.reader.filmed import ClipReader


class KTH(ClipReader):
    """The reader of KTH.

    `root`: the folder that holds the folders of the six actions, or `hf://owner/name`.
    `follow_links`: also out of the root. Classes are actions, a pose is a person; nobody is on both
    sides of the published split, whose people to validate on are trained on. Action and scene are
    attributes. Nobody wrote captions: each says the action. A clip is a whole file, in which the
    action is done about four times.
    """

    name = "kth"
    remedy = FETCH_KTH

    def __init__(self, root: str | None = None, follow_links: bool | None = None) -> None:
        super().__init__(root, follow_links)

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        """Six actions, four scenes."""
        return {"action": tuple(ACTIONS), "scene": tuple(SCENES.values())}

    def moving_attributes(self) -> tuple[str, ...]:
        """What only a clip shows."""
        return ("action",)

    def _layout(self, root: Path) -> SoundLayout:
        return kth(root, self.follow_links)
