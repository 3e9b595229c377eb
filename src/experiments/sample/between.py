"""Pictures on the way from one caption, or one seed, to the next (Reed et al. 2016).

Between sentences the noise stays, between noises the caption. Captions a, b, c are a way of two
legs, drawn with every seed; seeds s, s + 1, s + 2 are one of two legs, drawn of every caption. A
leg is a grid, `leg-<k>.png`, and each of its pictures a file, `leg-<k>-row-<n>-step-<i>.png`, all
counted from 1, in `<run>/drawn/<kind>-<caption>-<request>/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from experiments.sample.asked import Asked
from experiments.sample.interpolation import Interpolation, mixed_words, shares, way
from experiments.sample.model import Model
from experiments.sample.name import slug
from experiments.sample.page import COLUMNS, PAGE, Pages, on_page, rows
from experiments.sample.picture import save_png, to_pixels
from experiments.sample.request import Drawing
from experiments.system.text import Text
from experiments.terminal.line import show
from experiments.terminal.progress import Progress

ROWS = 8  # of a page
SHOWN = 2 * COLUMNS  # pictures of a leg on a page
MIXED = "words: attention sees those of both captions, by their share of the way"


@dataclass(frozen=True)
class Row:
    """One row of a leg: text and noise of every step, and what is written under it."""

    label: str
    text: Text
    noise: Tensor


def draw_between(model: Model, drawing: Drawing) -> list[Path]:
    """Every leg of the way as a grid, with its pictures. Returns the files."""
    steps, folder, legs = int(drawing.options["steps"]), folder_of(drawing), legs_of(model, drawing)
    others = rows_in(drawing)
    chosen = shown(steps)
    titles = [f"{100 * index / (steps - 1):.0f} %" for index in chosen]
    written: list[Path] = []
    total = len(legs) * others * steps
    with Progress(total, description="drawing", enabled=total > PAGE) as bar:
        for number, (heading, leg) in enumerate(legs, start=1):
            layout = partial(rows, titles=titles, heading=heading)
            name = f"leg-{number:0{len(str(len(legs)))}}"
            pages = Pages(folder / name, others, ROWS, layout)
            for place, row in enumerate(leg, start=1):
                stem = f"{name}-row-{place:0{len(str(others))}}"
                pictures = []
                for step, pixels in enumerate(_pictures(model, row), start=1):
                    written.append(folder / f"{stem}-step-{step:0{len(str(steps))}}.png")
                    save_png(Image.fromarray(pixels), written[-1])
                    if step - 1 in chosen:
                        pictures.append(on_page(pixels))
                    bar.update(bar.images + 1)
                pages.add(pictures, row.label)
            written += pages.written
    _tell(drawing, folder, len(legs), others, len(chosen))
    if drawing.options["between"] == "sentence" and model.attends:
        show(f"note: {MIXED}")
    return written


def folder_of(drawing: Drawing) -> Path:
    """Of a way; its name differs where what is asked does."""
    options, first = drawing.options, drawing.asked[0]
    request = drawing.keys, drawing.seeds, int(options["steps"]), options["interpolation"]
    name = first.label if first.recording is None else first.recording.stem
    return drawing.drawn / f"{options['between']}-{slug(name, request)}"


def rows_in(drawing: Drawing) -> int:
    """Rows of every leg."""
    return len(drawing.seeds if drawing.options["between"] == "sentence" else drawing.asked)


def legs_of(model: Model, drawing: Drawing) -> list[tuple[list[str], Iterator[Row]]]:
    """Each leg of the way with the lines above it."""
    ways = _sentences if drawing.options["between"] == "sentence" else _noises
    return ways(model, drawing)


def shown(steps: int) -> list[int]:
    """Which steps of a leg stand on its grid: all, or as many as it has room for, evenly."""
    return np.linspace(0, steps - 1, min(steps, SHOWN)).round().astype(int).tolist()  # type: ignore[no-any-return]


def between_captions(
    model: Model, first: Any, second: Any, steps: int, kind: Interpolation
) -> Text:
    """The text of every step from one caption, or recording, to another, both included.

    Sentences lie on the way that `kind` names. Words, where the generator attends to them, are
    those of both captions, see `mixed_words`.
    """
    text = model.text([first, second])
    sentence = way(text.sentence[0], text.sentence[1], steps, kind)
    if text.words is None or text.mask is None:
        return Text(sentence)
    share = shares(steps).to(sentence)
    words = text.words[0], text.words[1]
    return Text(sentence, None, *mixed_words(words, (text.mask[0], text.mask[1]), share))


def _sentences(model: Model, drawing: Drawing) -> list[tuple[list[str], Iterator[Row]]]:
    """Each leg with the lines above it: from caption to caption, a row for each seed."""
    steps, kind = int(drawing.options["steps"]), drawing.options["interpolation"]
    told = f"{kind} interpolation" + (f"; {MIXED}" if model.attends else "")

    def leg(first: Asked, second: Asked) -> Iterator[Row]:
        text = between_captions(model, first.given, second.given, steps, kind)
        for seed in drawing.seeds:
            yield Row(f"seed {seed}", text, model.noise([seed]).expand(steps, -1))

    pairs = pairwise(drawing.asked)
    return [([f"0 %: {a.label}", f"100 %: {b.label}", told], leg(a, b)) for a, b in pairs]


def _noises(model: Model, drawing: Drawing) -> list[tuple[list[str], Iterator[Row]]]:
    """Each leg with the line above it: from seed to seed, a row for each caption."""
    steps, kind = int(drawing.options["steps"]), drawing.options["interpolation"]

    def leg(first: int, second: int) -> Iterator[Row]:
        start, end = model.noise([first, second])
        noise = way(start, end, steps, kind)
        for one in drawing.asked:
            text = model.text([one.given])
            yield Row(one.label, rows_of(text, torch.zeros(steps, dtype=torch.int64)), noise)

    return [
        ([f"from the noise of seed {a} to that of seed {b}; {kind} interpolation"], leg(a, b))
        for a, b in pairwise(drawing.seeds)
    ]


def _pictures(model: Model, row: Row) -> Iterator[np.ndarray]:
    """The last stage of every step, uint8 (R, R, 3). One batch is in memory."""
    for part in model.parts(len(row.noise)):
        index = torch.arange(part.start, part.stop)
        made = model.draw_from(rows_of(row.text, index), row.noise[part])
        yield from to_pixels(made.images[-1])


def rows_of(text: Text, index: Tensor) -> Text:
    """Some rows of encoded text, by their places (N,)."""
    index = index.to(text.sentence.device)
    words, mask = (None if part is None else part[index] for part in (text.words, text.mask))
    return Text(text.sentence[index], None, words, mask)


def _tell(drawing: Drawing, folder: Path, legs: int, others: int, shown: int) -> None:
    steps, what = int(drawing.options["steps"]), drawing.options["between"]
    rows, ends = ("seeds", drawing.kind) if what == "sentence" else (drawing.kind, "seeds")
    grids = "1 grid" if legs == 1 else f"{legs} grids, one for each two {ends},"
    cut = "" if shown == steps else f" (grids show {shown} of them)"
    pages = "" if others <= ROWS else f" in pages of {ROWS}"
    show(f"{grids} of {steps} steps{cut} and {others} {rows}{pages} in {folder}")
