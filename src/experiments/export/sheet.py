"""What a run drew, made move and made heard of records of its test split.

They are files beside its model card.
"""

from __future__ import annotations

import re
from pathlib import Path

from experiments.run import folder as files

# `sound-to-picture-images-...` is the sheet of a second way to be asked.
SHEET = re.compile(
    r"(?P<attention>attention-|parts-)?(?P<way>[a-z-]+-to-[a-z]+-)?images-\d{10,18}\.png"
)


def sheets_of(folder: Path, images: int | None) -> list[Path]:
    """Samples of the state after `images` images, its attention among them; None: of all."""
    number = "*" if images is None else f"{images:010d}"
    found = (folder / "samples").glob(f"*images-{number}.png")
    return sorted(path for path in found if SHEET.fullmatch(path.name))


def newest(sheets: list[str]) -> list[str]:
    """The newest sheet of each way to be asked, the first way first, without attention."""
    by_way: dict[str, str] = {}
    for name in sorted(sheets):
        way = SHEET.fullmatch(name)
        if way is not None and not way["attention"]:
            by_way[way["way"] or ""] = name
    return [by_way[way] for way in sorted(by_way)]


def heard_beside(folder: Path) -> list[tuple[str, str]]:
    """What is heard of the shown records: what stands beside each in the sheet, and a file."""
    pairs = zip(files.sample_captions(folder) or [], files.sample_sounds(folder), strict=False)
    return [(caption, path.name) for caption, path in pairs if path is not None]


def made_sounds(folder: Path, sheet: str) -> list[Path]:
    """The sounds that a sheet shows as pictures, in its order."""
    found = (folder / "samples").glob(f"{Path(sheet).stem}-??????.wav")
    return sorted(path for path in found if path.stem[-6:].isdigit())


def made_clips(folder: Path, sheet: str) -> list[Path]:
    """The clips that a sheet shows as strips, in its order."""
    found = (folder / "samples").glob(f"{Path(sheet).stem}-??????.gif")
    return sorted(path for path in found if path.stem[-6:].isdigit())
