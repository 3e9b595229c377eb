"""`task=sample`: pictures of a run, under `<run>/drawn/`.

<caption>/seed-<n>.png          the last stage; with sample.stages also seed-<n>-<side>px.png
<caption>/sheet.png             all seeds; stages.png: every stage of each
<caption>/attention.png         where each word, or stretch of sound, looks, for the first seed
<caption>/speech.wav            the caption as it was said to a run that listens
sheet-<request>.png             all captions of a command that has several, in pages where many
<kind>-<caption>-<request>/     pictures on the way (`between.py`)
style-<request>/                captions in the style of pictures (`style.py`)

A recording stands where a caption does, by the name of its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, product
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from experiments.frontend.wave import write_wave
from experiments.sample.asked import Asked
from experiments.sample.attention import attention_stages
from experiments.sample.label import label
from experiments.sample.model import Model
from experiments.sample.name import digest
from experiments.sample.page import COLUMNS, PAGE, Entry, Pages, on_page, rows, squares
from experiments.sample.picture import save_png, to_pixels
from experiments.sample.request import Drawing
from experiments.system.base import Samples
from experiments.terminal.line import number_of, show
from experiments.terminal.progress import Progress

SAID = "speech.wav"
FEW = 16  # captions up to which each gets its attention and a line of its own


@dataclass(frozen=True)
class Picture:
    """One caption, or recording, with one seed: uint8 (R, R, 3) of every stage, and its row of a
    batch."""

    asked: Asked
    seed: int
    stages: list[np.ndarray]
    made: Samples
    row: int


def draw_captions(model: Model, drawing: Drawing) -> list[Path]:
    """Every caption with every seed: pictures, a sheet of each caption, and one of all."""
    seeds, options = drawing.seeds, drawing.options
    few, place = len(drawing.asked) <= FEW, drawing.drawn
    run = drawing.run_id
    overview = _overview(place, drawing) if len(drawing.asked) > 1 else None
    written: list[Path] = []
    attention = bool(options["attention"]) and few and model.generator.attends
    made = _drawn(model, drawing, attention)
    for asked, pictures in groupby(made, key=lambda picture: picture.asked):
        folder, caption = place / asked.slug, asked.label
        sheet = Pages(folder / "sheet", len(seeds), PAGE, squares)
        stages = Pages(folder / "stages", len(seeds), COLUMNS, partial(_by_stage, caption))
        shown: list[np.ndarray] = []
        for picture in pictures:
            written += _save(picture, folder, options, run)
            sheet.add(picture.stages[-1:], f"{caption} (seed {picture.seed})")
            if options["stages"]:
                stages.add(picture.stages, f"seed {picture.seed}")
            if len(shown) < COLUMNS:
                shown.append(on_page(picture.stages[-1]))
            if picture.seed == seeds[0] and picture.made.attention:
                written.append(folder / "attention.png")
                save_png(_attention(model, picture), written[-1])
        written += sheet.written + stages.written + list(_said(asked, folder))
        if overview is not None:
            overview.add(shown, caption)
        if few:
            show(f"{caption!r}: {number_of(len(seeds), 'picture')} in {folder}")
    if overview is not None:
        written += overview.written
        _tell_overview(drawing, overview, model.generator.attends and bool(options["attention"]))
    return written


def _drawn(model: Model, drawing: Drawing, attention: bool) -> Iterator[Picture]:
    """All pictures, caption by caption. One batch of them is in memory."""
    pairs = list(product(drawing.asked, drawing.seeds))
    with Progress(len(pairs), description="drawing", enabled=len(pairs) > PAGE) as bar:
        for part in model.parts(len(pairs)):
            asked, seeds = (list(side) for side in zip(*pairs[part], strict=True))
            looks = attention and drawing.seeds[0] in seeds
            made = model.stages([one.given for one in asked], seeds, looks)
            pixels = [to_pixels(stage) for stage in made.images]
            for row, (one, seed) in enumerate(pairs[part]):
                yield Picture(one, seed, [stage[row] for stage in pixels], made, row)
            bar.update(part.stop)


def _save(picture: Picture, folder: Path, options: Mapping[str, Any], run: str) -> Iterator[Path]:
    """The last stage, which says what it is of, after those before it where every stage is asked
    for."""
    for pixels in picture.stages[:-1] if options["stages"] else []:
        path = folder / f"seed-{picture.seed}-{pixels.shape[1]}px.png"
        save_png(Image.fromarray(pixels), path)
        yield path
    path = folder / f"seed-{picture.seed}.png"
    about = label(picture.asked.caption, picture.seed, run)
    if (scale := options.get("truncation")) is not None:
        about["truncation"] = f"{scale:g}"
    save_png(Image.fromarray(picture.stages[-1]), path, about)
    yield path


def _said(asked: Asked, folder: Path) -> Iterator[Path]:
    """What a voice said to the run, beside what it drew of it."""
    if asked.voice is not None:
        wave, rate = asked.given
        yield write_wave(folder / SAID, wave, rate)


def _by_stage(caption: str, entries: Sequence[Entry]) -> Image.Image:
    """A row for each seed, a column for each stage."""
    titles = [f"{pixels.shape[1]} px" for pixels in entries[0][0]]
    return rows(entries, titles, [caption])


def _attention(model: Model, picture: Picture) -> Image.Image:
    made, row = picture.made, picture.row
    maps = [stage[row].float() for stage in made.attention]
    looks = model.captions.attended_in(picture.asked.given, picture.asked.caption)
    shown = [stage[row] for stage in made.images[1:]]
    return attention_stages(shown, maps, looks.steps, sound=looks.picture, said=looks.caption)


def _overview(place: Path, drawing: Drawing) -> Pages:
    """All captions: side by side with one picture each, else a row for each."""
    seeds = drawing.seeds[:COLUMNS]
    name = place / f"sheet-{digest(drawing.keys, drawing.seeds)}"
    if len(seeds) == 1:
        return Pages(name, len(drawing.asked), PAGE, partial(squares, columns=COLUMNS))
    layout = partial(rows, titles=[f"seed {seed}" for seed in seeds])
    return Pages(name, len(drawing.asked), PAGE // COLUMNS, layout)


def _tell_overview(drawing: Drawing, overview: Pages, attention: bool) -> None:
    total, count, kind = len(drawing.asked), len(drawing.seeds), drawing.kind
    if total > FEW:
        show(f"{total:,} {kind}, pictures of each: {count}, in {drawing.drawn}")
        if attention:
            show(f"attention.png: left out, as there are more than {FEW} {kind}")
    first = "" if count <= COLUMNS else f" (the first {COLUMNS} pictures of each)"
    pages = overview.written
    where = str(pages[0]) if len(pages) == 1 else f"{len(pages)} pages, from {pages[0]}"
    show(f"all {kind}: {where}{first}")
