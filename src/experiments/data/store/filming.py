"""What is stored of a record's clip: frames of one number and one size, in 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.clip.decode import read_clip
from experiments.clip.form import ClipForm
from experiments.data.record import Reader, Record
from experiments.terminal.error import BadInput


@dataclass(frozen=True)
class Filming:
    """Makes the frames of a record's clip, uint8 (kept, stored, stored, channels). It pickles."""

    form: ClipForm

    def __call__(self, reader: Reader, record: Record) -> Sequence[np.ndarray]:
        """Raises `BadInput` for a clip that cannot be used."""
        try:
            return [self.frames(reader.clip(record))]  # type: ignore[attr-defined]
        except BadInput as error:
            raise BadInput(f"clip: {error}".replace("clip: clip", "clip")) from None

    def frames(self, found: Path | tuple[np.ndarray, float]) -> np.ndarray:
        """Those of a video file, or of frames (T, H, W, 1 or 3) and their rate."""
        if isinstance(found, str | Path):
            clip = read_clip(Path(found), self.form.stored, seconds=self.form.seconds)
            return self.form.of(clip.frames, clip.times)
        frames, rate = found
        if not len(frames):
            raise BadInput("clip has no frames")
        return self.form.of(frames, np.arange(len(frames)) / rate)

    def settings(self) -> dict[str, Any]:
        """All that the frames depend on, besides records and code."""
        form = self.form
        return {
            "kept": form.kept,
            "stored": form.stored,
            "channels": form.channels,
            "rate": None if form.rate is None else float(form.rate),
        }
