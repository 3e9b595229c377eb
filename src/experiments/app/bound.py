"""Bounds of what a person sends: told from headers, before anything is decoded."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from experiments.app.refusal import Refused, refusing
from experiments.data.images import FORMATS, to_rgb
from experiments.data.layout.caption_files import clean_caption
from experiments.file.kind import is_whole
from experiments.frontend.wave import as_wave, decode_wave
from experiments.terminal.error import BadInput

RATE = 16_000  # Hz, at which uploads are kept; what is recorded stays as it is
MEGA = 1_000_000
SEEDS = 2**31


@dataclass(frozen=True)
class Bounds:
    """letters: of a caption; bytes: of an upload; seconds: of a recording; pixels: of a picture
    that is sent; pictures: that are drawn for one request."""

    letters: int = 500
    bytes: int = 20 * MEGA
    seconds: float = 30.0
    pixels: int = 16 * MEGA
    pictures: int = 8

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Bounds:
        """Of the group `app`."""
        return cls(
            int(options["letters"]),
            round(options["megabytes"] * MEGA),
            float(options["seconds"]),
            round(options["megapixels"] * MEGA),
            int(options["pictures"]),
        )

    def require_bytes(self, count: int) -> None:
        """Raise `Refused` for a file of so many bytes, if they are too many."""
        if count > self.bytes:
            raise Refused(
                f"the file has {count / MEGA:.1f} MB, and at most {self.bytes / MEGA:g} are taken; "
                "give a shorter or smaller one"
            )


def require_seed(seed: int) -> None:
    """Raise `Refused` for what is no seed."""
    if not is_whole(seed) or seed >= SEEDS:
        raise Refused(f"seed {str(seed)[:20]}: give a whole number from 0 to {SEEDS - 1:,}")


def require_count(count: int, most: int) -> None:
    """Raise `Refused` for more pictures than are drawn, or shown, at a time."""
    if not is_whole(count) or not 1 <= count <= most:
        raise Refused(f"{str(count)[:20]} pictures: ask for 1 to {most} at a time")


def caption_of(text: str, bounds: Bounds) -> str:
    """A caption with single spaces. Raises `Refused` for one that is empty, or too long."""
    if not isinstance(text, str):
        raise Refused("text: is no text")
    if len(text) > bounds.letters:
        raise Refused(
            f"the text has {len(text):,} letters, and at most {bounds.letters} are read; say it "
            "in fewer"
        )
    with refusing("text"):
        return clean_caption(text)


def recording_of(content: bytes, bounds: Bounds) -> tuple[np.ndarray, int]:
    """The sound of a file as float32 (N,) with its rate. Raises `Refused` for what is none, is
    silent, or is longer than the bounds, of which no more than a second is decoded."""
    bounds.require_bytes(len(content))
    with refusing("recording"):
        samples = decode_wave(content, RATE, bounds.seconds + 1)
    return within(samples, RATE, bounds)


def within(samples: Any, rate: int, bounds: Bounds) -> tuple[np.ndarray, int]:
    """Samples of a microphone likewise."""
    if (
        not isinstance(samples, np.ndarray)
        or not samples.ndim
        or not isinstance(rate, int | np.integer)
    ):
        raise Refused("recording: is no sound; record it again")
    if len(samples) > bounds.seconds * rate:
        raise Refused(f"the recording is longer than {bounds.seconds:g} s; give a shorter one")
    with refusing("recording"):
        return as_wave(samples, rate, rate), rate


def picture_of(content: bytes, bounds: Bounds) -> Image.Image:
    """The picture of a file, RGB. Raises `Refused` for what is none, or has more pixels than the
    bounds: that stands in its header."""
    bounds.require_bytes(len(content))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a size: it is judged here
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                if image.width * image.height > bounds.pixels:
                    raise Refused(
                        f"the picture has {image.width} x {image.height} pixels, and at most "
                        f"{bounds.pixels / MEGA:g} million are taken; give a smaller one"
                    )
                return to_rgb(image)
    except (Refused, MemoryError):
        raise
    except BadInput as error:
        raise Refused(f"picture: {error}; give a photograph or drawing") from None
    except Exception:  # whatever a broken file makes a decoder raise
        raise Refused("picture: it cannot be opened; give a photograph or drawing") from None
