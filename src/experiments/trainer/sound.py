"""What a person hears of a run: sounds of the shown records, as files beside the samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from torch import Tensor

from experiments.data.view.base import View
from experiments.frontend.wave import write_wave
from experiments.terminal.error import UserError
from experiments.terminal.line import say, say_once


def written(views: Iterable[View], rows: Sequence[int], folder: Path) -> list[Path | None]:
    """A wav of each of the records, None where one has no sound, of the first view that is heard;
    nothing where none is. They are named by their rows of the split, and written once.

    A run does not need them, only those who look at it: where they cannot be made any more, a line
    says so.
    """
    for view in views:
        if not view.heard:
            continue
        paths = [folder / f"{view.name}-{row:06d}.wav" for row in rows]
        missing = [k for k, path in enumerate(paths) if not path.exists()]
        try:
            found = view.sounds([rows[k] for k in missing]) if missing else []
            for k, sound in zip(missing, found, strict=True):
                if sound is not None:
                    write_wave(paths[k], *sound)
        except (UserError, OSError) as error:
            say(f"{folder}: what is heard cannot be written beside the pictures ({error})")
        return [path if path.exists() else None for path in paths]
    return []


def made_sounds(
    view: View, values: Tensor, rows: Sequence[int], folder: Path, name: str
) -> list[Path | None]:
    """A wav of each of the values (B, ...) that were made for the records, named as the sheet that
    shows them; nothing where a front-end has no way back, or the disk no room, which a line says.
    """
    paths = [folder / f"{name}-{row:06d}.wav" for row in rows]
    try:
        for path, (wave, rate) in zip(paths, view.sounding(values), strict=True):
            write_wave(path, wave, rate)
    except (UserError, OSError) as error:
        say_once(f"{folder}: what is made cannot be heard ({error})")
    return [path if path.exists() else None for path in paths]
