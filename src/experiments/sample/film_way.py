"""Clips on the way from one caption, or one seed, to the next, as `between.py` has pictures.

Each is a file, `leg-<k>-row-<n>-step-<i>.gif`, and a leg a sheet of strips, `leg-<k>.png`, all
counted from 1, in `<run>/drawn/<kind>-<caption>-<request>/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from experiments.clip.write import write_clip
from experiments.data.record import CLIP
from experiments.sample.between import MIXED, Row, folder_of, legs_of, rows_in, rows_of
from experiments.sample.model import Model
from experiments.sample.page import PAGE, Pages, rows
from experiments.sample.picture import to_pixels
from experiments.sample.request import Drawing
from experiments.system.text import OfText
from experiments.terminal.error import UserError
from experiments.terminal.line import show
from experiments.terminal.progress import Progress


def draw_film_way(model: Model, drawing: Drawing) -> list[Path]:
    """Every leg of the way. Returns the files; raises `UserError` for a system that cannot be told
    what lies between two captions."""
    if not isinstance(model.system, OfText):
        name = type(model.system).__name__
        raise UserError(f"sample.between: {name} makes clips of captions alone; leave it away")
    view, steps, folder = model.views[CLIP], int(drawing.options["steps"]), folder_of(drawing)
    assert view.pace is not None
    legs, others = legs_of(model, drawing), rows_in(drawing)
    total, written = len(legs) * others * steps, list[Path]()
    with Progress(total, description="drawing", enabled=total > PAGE) as bar:
        for number, (heading, leg) in enumerate(legs, start=1):
            name = f"leg-{number:0{len(str(len(legs)))}}"
            layout = partial(rows, titles=["time runs to the right"], heading=heading)
            sheet = Pages(folder / name, others * steps, PAGE // 8, layout)
            for place, row in enumerate(leg, start=1):
                stem = f"{name}-row-{place:0{len(str(others))}}"
                for step, clip in enumerate(_clips(model, row), start=1):
                    path = folder / f"{stem}-step-{step:0{len(str(steps))}}.gif"
                    (frames,) = view.handed(clip)
                    written.append(write_clip(frames, path, view.pace))
                    share = f"{100 * (step - 1) / (steps - 1):.0f} %"
                    sheet.add(list(to_pixels(view.pictures(clip))), f"{row.label}: {share}")  # type: ignore[arg-type]
                    bar.update(bar.images + 1)
            written += sheet.written
    show(f"clips: {total}, in {folder}")
    if drawing.options["between"] == "sentence" and model.attends:
        show(f"note: {MIXED}")
    return written


def _clips(model: Model, row: Row) -> Iterator[Tensor]:
    """The clip (1, C, T, H, W) of every step. One batch is in memory."""
    for part in model.parts(len(row.noise)):
        index = torch.arange(part.start, part.stop)
        made = model.draw_from(rows_of(row.text, index), row.noise[part])
        yield from made.made[CLIP][-1].split(1)
