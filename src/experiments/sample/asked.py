"""What a run is asked for: a caption that it reads, a recording that it hears, or a caption that a
voice says to it. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.voice import speak
from experiments.sample.name import slug


@dataclass(frozen=True)
class Asked:
    """One of them. `label`: what stands under its pictures, the caption or the recording's name.

    `recording`: a file, with its `content` as a hash, `listed` in a folder rather than named.
    `voice`, `language`: who says the caption.
    """

    label: str
    recording: Path | None = None
    content: str = ""
    listed: bool = False
    voice: str | None = None
    language: str = ""

    @property
    def given(self) -> Any:
        """What the view of the run reads. Raises `BadInput` for what a voice cannot say."""
        if self.voice is not None:
            return spoken(self.voice, self.label, self.language)
        return self.label if self.recording is None else self.recording

    @property
    def caption(self) -> str | None:
        """What is read or said, where that is known."""
        return self.label if self.recording is None else None

    @property
    def heard(self) -> bool:
        return self.recording is not None or self.voice is not None

    @property
    def key(self) -> Any:
        """Differs where pictures do: a caption; its voice as well; a recording's content."""
        if self.recording is not None:
            return self.recording.name, self.content
        return self.label if self.voice is None else (self.label, self.voice, self.language)

    @property
    def slug(self) -> str:
        """The name of its files, see `name.slug`."""
        if self.recording is not None:
            return slug(self.recording.stem, *self.key)
        return slug(self.label) if self.voice is None else slug(*self.key)


@lru_cache(maxsize=32)
def spoken(voice: str, caption: str, language: str) -> tuple[np.ndarray, int]:
    """A caption as float32 (N,), and its rate in Hz: the same in every process."""
    return speak(voice, caption, language)
