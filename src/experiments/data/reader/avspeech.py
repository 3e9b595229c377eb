"""AVSpeech: people who speak, seen and heard in clips of YouTube (Ephrat 2018)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.clip.decode import read_clip
from experiments.clip.form import ClipForm
from experiments.clip.sound import read_sound
from experiments.data.layout.avspeech import FETCH, Segment, SpeechLayout, find_layout
from experiments.data.layout.entry import Entry
from experiments.data.layout.pickle_lists import Split
from experiments.data.reader.filmed import ClipReader, Found
from experiments.data.record import CLIP, SOUND, Record
from experiments.terminal.error import BadInput, UserError

RATE = 16_000  # Hz
LONGEST = 60.0  # seconds; rows have 3 to 10
SIDE = 256  # px of the shorter side of what is kept of whole videos


class AVSpeech(ClipReader):
    """The reader of AVSpeech.

    `root`: the folder with `avspeech_train.csv`, `avspeech_test.csv` and the clips that you have,
    cut or in whole videos, or `hf://owner/name`. `face`: the side of the square about the face that
    is the picture, as a part of the frame's shorter side; the table says where the face is, and not
    how large. `follow_links`: also out of the root.

    A class is a video of YouTube, which shows one person as a rule. There are no captions; a clip
    has its own sound.
    """

    name = "avspeech"
    remedy = FETCH

    def __init__(
        self, root: str | None = None, face: float = 0.5, follow_links: bool | None = None
    ) -> None:
        if not 0 < face <= 1:
            raise UserError(f"data.reader.face: {face} is not above 0 and at most 1")
        super().__init__(root, follow_links)
        self.face = float(face)

    @property
    def has(self) -> tuple[str, ...]:
        """Pictures, sounds and clips."""
        return ("picture", SOUND, CLIP)

    def clip(self, record: Record) -> Found:
        """The file of a clip, or its part of a whole video, decoded."""
        path = super().clip(record)
        assert isinstance(path, Path)
        start, end = self._part(record)
        if end is None:
            return path
        clip = read_clip(path, SIDE, start, end - start)
        return clip.frames, clip.rate

    def image(self, record: Record, size: int) -> np.ndarray:
        """The square about the face in the first frame, within the frame."""
        path = super().clip(record)
        assert isinstance(path, Path)
        start, _ = self._part(record)
        frame = read_clip(path, start=start, seconds=0.0).frames[0]
        height, width = frame.shape[:2]
        side = max(1, round(self.face * min(height, width)))
        x, y = record.more["face"]
        left = min(max(round(x * width - side / 2), 0), width - side)
        top = min(max(round(y * height - side / 2), 0), height - side)
        return ClipForm(1, size).squared(
            np.ascontiguousarray(frame[top : top + side, left : left + side])
        )

    def sound(self, record: Record) -> tuple[np.ndarray, int] | None:  # type: ignore[override]
        """What is heard in the clip (N,) float32, and its rate in Hz; None where it is silent."""
        path = super().clip(record)
        assert isinstance(path, Path)
        start, end = self._part(record)
        found = read_sound(path, RATE, start, LONGEST if end is None else end - start)
        return None if found is None or not len(found) else (found, RATE)

    def _part(self, record: Record) -> tuple[float, float | None]:
        """Seconds where the clip begins and ends in its file; None: it is all of it."""
        part = record.more.get("part")
        if part is None:
            return 0.0, None
        if not isinstance(part, list | tuple) or len(part) != 2:
            raise BadInput("part is no pair of seconds")
        return float(part[0]), float(part[1])

    def _settings(self) -> tuple[object, ...]:
        return (self.face,)

    def _layout(self, root: Path) -> SpeechLayout:
        return find_layout(root, self.follow_links)

    def _record(  # type: ignore[override]
        self, found: SpeechLayout, entry: Entry, captions: dict[int, str], label: int, split: Split
    ) -> Record:
        record = super()._record(found, entry, captions, label, split)
        segment, whole = found.segments[entry.key]
        record.more.update(_told(segment, whole))
        return record


def _told(segment: Segment, whole: bool) -> dict[str, list[float]]:
    part = {"part": [segment.start, segment.end]} if whole else {}
    return {"face": [segment.x, segment.y]} | part
