"""VoxCeleb1: faces and voices of people who are interviewed (Nagrani 2017)."""

from __future__ import annotations

from pathlib import Path

from experiments.data.layout.sounds import SoundLayout
from experiments.data.layout.voxceleb1 import FACES, FETCH, VOICES, find_layout
from experiments.data.layout.voxceleb1_people import (
    META,
    add_labels,
    attribute_values,
    read_people,
)
from experiments.data.reader.sounding import SoundReader
from experiments.terminal.error import UserError


class VoxCeleb1(SoundReader):
    """The reader of VoxCeleb1 with its cropped faces.

    `root`: the folder that holds `wav/`, `unzippedIntervalFaces/data/` and `vox1_meta.csv`, or
    `hf://owner/name`. `frames`: of a track of a face, at equal distances. `labels`: a table of
    yours, relative to the root or absolute, that says more of people: a column `id` or `name`, and
    one for each attribute (`voxceleb1_people.add_labels`). `follow_links`: also out of the root.

    A class is a person, a pose a video. The split is the column `Set`: nobody is on both sides.
    Gender and nationality are attributes, as the table has them.
    """

    name = "voxceleb1"
    remedy = FETCH
    seen_in, heard_in = FACES, VOICES

    def __init__(
        self,
        root: str | None = None,
        frames: int = 1,
        labels: str | None = None,
        follow_links: bool | None = None,
    ) -> None:
        if frames < 1:
            raise UserError("data.reader.frames: must be 1 or more")
        super().__init__(root, follow_links)
        self.frames = frames
        self.labels = labels

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        """What the tables say of people, sorted."""
        root = self._folder()
        people, labels = read_people(root / META, []), self._labels(root)
        return attribute_values(people if labels is None else add_labels(people, labels)[0])

    def heard_attributes(self) -> tuple[str, ...]:
        """All of them: they are of the person who speaks."""
        return tuple(self.attribute_values())

    def _labels(self, root: Path) -> Path | None:
        return None if self.labels is None else root / Path(self.labels).expanduser()

    def _settings(self) -> tuple[object, ...]:
        return (self.frames,)

    def _layout(self, root: Path) -> SoundLayout:
        return find_layout(root, self.follow_links, self.frames, self._labels(root))
