"""What a person asks of a model, and what comes of it: values that pages and windows show."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from experiments.app.bound import (
    Bounds,
    caption_of,
    recording_of,
    require_count,
    require_seed,
    within,
)

CAPTION, SPEECH, SOUND, PICTURE, CLIP = "caption", "speech", "sound", "picture", "clip"


@dataclass(frozen=True, eq=False)
class Recording:
    """A sound in memory: float32 (N,), and its rate in Hz."""

    samples: np.ndarray
    rate: int

    @classmethod
    def of(cls, content: bytes, bounds: Bounds | None = None) -> Recording:
        """What a file holds. Raises `Refused` for what is no sound, or is beyond the bounds."""
        return cls(*recording_of(content, bounds or Bounds()))

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def given(self) -> tuple[np.ndarray, int]:
        """As views read it."""
        return self.samples, self.rate


@dataclass(frozen=True, eq=False)
class Wish:
    """A caption, a recording, a picture (a file's content), or what of them a model takes; drawn
    with `seed`, `seed` + 1, ..., `count` times."""

    caption: str | None = None
    recording: Recording | None = None
    picture: bytes | None = None
    seed: int = 0
    count: int = 4


def checked(wish: Wish, bounds: Bounds) -> Wish:
    """The wish with its caption in single spaces. Raises `Refused` for one beyond the bounds; a
    picture is opened, within them, by whoever draws it."""
    require_count(wish.count, bounds.pictures)
    require_seed(wish.seed)
    caption, recording = wish.caption, wish.recording
    if caption is not None:
        caption = caption_of(caption, bounds)
    if recording is not None:
        recording = Recording(*within(recording.samples, recording.rate, bounds))
    if wish.picture is not None:
        bounds.require_bytes(len(wish.picture))
    return replace(wish, caption=caption, recording=recording)


@dataclass(frozen=True)
class Word:
    """A word of a caption, whether the model has seen it, and else the nearest that it has."""

    text: str
    known: bool
    nearest: str | None = None


@dataclass(frozen=True)
class Heard:
    """What a recogniser heard in how many seconds of sound; `changed`: compounds that were put
    right, as heard and as written."""

    text: str
    seconds: float
    changed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Made:
    """What came of one seed. `stages`: uint8 (H, W, 3), first to last; `maps`: of each stage that
    attends, where each word looks, float32 (words, h, w). `clip`: a GIF; `sound`: a WAV."""

    seed: int
    stages: tuple[np.ndarray, ...] = ()
    maps: tuple[np.ndarray, ...] | None = None
    clip: bytes | None = None
    sound: bytes | None = None


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a model made of a wish. `words`: as it read them, those of its maps; `unknown`: what it
    had never seen of them; `seconds`: it took. `difference`: of `replaced`, how much each pixel of
    the last stage changed, float32 (H, W) from 0 to 1."""

    model: str
    wish: Wish
    made: tuple[Made, ...]
    words: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    seconds: float = 0.0
    difference: np.ndarray | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Walk:
    """Pictures uint8 (H, W, 3) on the way between two captions, side by side as a PNG, and one
    after another as a GIF."""

    pictures: tuple[np.ndarray, ...]
    strip: bytes
    gif: bytes


@dataclass(frozen=True, eq=False)
class Found:
    """A real picture, uint8 (H, W, 3), what is said of it, its key in the data, and how near it is:
    the cosine in the space of the run's encoders."""

    picture: np.ndarray
    caption: str
    key: str
    similarity: float
