"""What a picture says of itself: caption, seed, run and version, in the texts of its PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from experiments import __version__
from experiments.run.folder import run_about


def label(caption: str | None, seed: int, run: str) -> dict[str, str]:
    """`run`: its id, with the state that was drawn, as 34f6266e81@4000."""
    told = {} if caption is None else {"caption": caption}
    return told | {"seed": str(seed), "run": run, "version": __version__}


def run_label(place: Path, at: str | None) -> str:
    """The id of a run with its state, where one is named."""
    return str(run_about(place)["id"]) + (f"@{at}" if at else "")


def info(told: Mapping[str, str]) -> PngInfo:
    """The same as texts of a PNG (iTXt, which is UTF-8)."""
    found = PngInfo()
    for key, value in told.items():
        found.add_itxt(key, value)
    return found


def labelled(image: Image.Image, told: Mapping[str, str]) -> bytes:
    """The PNG of a picture with its label, as `picture.save_png` writes it."""
    file = io.BytesIO()
    image.save(file, format="PNG", pnginfo=info(told))
    return file.getvalue()
