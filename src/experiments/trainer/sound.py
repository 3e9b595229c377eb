"""What a person hears of a run: sounds of the shown records, as files beside the samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from experiments.data.view.base import View
from experiments.frontend.wave import write_wave
from experiments.terminal.error import UserError
from experiments.terminal.line import say


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
