"""`task=sample` of a run that makes pictures of sounds, or sounds of pictures.

<file>/seed-<n>.png         the picture; of a sound its spectrum, with seed-<n>.wav beside it
sheet-<request>.png         what was given, and what was made of it with every seed
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from experiments.data.view.base import Pixels, View
from experiments.frontend.wave import write_wave
from experiments.sample.model import Model
from experiments.sample.name import digest
from experiments.sample.page import COLUMNS, PAGE, Pages, on_page, rows
from experiments.sample.picture import save_png, to_pixels
from experiments.sample.request import Drawing
from experiments.system.base import Samples
from experiments.terminal.line import show
from experiments.terminal.progress import Progress


def draw_crossing(model: Model, drawing: Drawing) -> list[Path]:
    """Every file with every seed, and sheets of all."""
    assert drawing.way is not None
    asks, makes = drawing.way, model.system.makes[(drawing.way,)]
    view, seeds, count = model.views[makes], drawing.seeds, len(drawing.asked) * len(drawing.seeds)
    titles = ["given", *(f"seed {seed}" for seed in seeds[:COLUMNS])]
    name = drawing.drawn / f"sheet-{digest(drawing.keys, seeds)}"
    sheet = Pages(name, len(drawing.asked), max(1, PAGE // len(titles)), lambda e: rows(e, titles))
    written = list[Path]()
    with Progress(count, description="drawing", enabled=count > PAGE) as bar:
        for number, one in enumerate(drawing.asked, start=1):
            given = model.read({asks: [one.given] * len(seeds)})
            parts = list(model.parts(len(seeds)))
            made = Samples.cat(
                model.make({asks: given[asks].cut(part)}, seeds[part]) for part in parts
            )
            values = made.made[makes][-1]
            pixels = shown(view, values)
            asked = shown(
                model.views[asks], model.views[asks].stages(given[asks].cut(slice(1)))[-1]
            )
            folder = drawing.drawn / one.slug
            for seed, picture in zip(seeds, pixels, strict=True):
                written.append(folder / f"seed-{seed}.png")
                save_png(Image.fromarray(picture), written[-1])
            if view.heard:
                for seed, (wave, rate) in zip(seeds, view.sounding(values), strict=True):
                    written.append(write_wave(folder / f"seed-{seed}.wav", wave, rate))
            sheet.add([on_page(p) for p in [asked[0], *pixels[:COLUMNS]]], one.label)
            bar.update(number * len(seeds))
    show(f"{len(drawing.asked)} {asks}s, a {makes} of each for every seed: {sheet.written[0]}")
    return written + sheet.written


def shown(view: View, values: object) -> list[np.ndarray]:
    """How values look, uint8 (H, W, 3) each; paper where they cannot be shown."""
    found: Pixels | None = view.pictures(values)  # type: ignore[arg-type]
    assert found is not None, f"{view.name} is not shown"
    return list(to_pixels(found))
