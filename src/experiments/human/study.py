"""`task=human_study`: a blind page on which people rank what several runs drew.

<paths.outputs>/human/<page>/index.html   for the participants, self-contained
<paths.outputs>/human/<page>/key.json     which run drew what; not for the participants

Zhang et al. 2017, section 4.2: every method draws the same captions, people who are none of the
authors rank the results of each caption, and the mean rank of a method is reported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments.file.whole import write_text
from experiments.human.key import PAGE, Key, arranged, coded, write_key
from experiments.human.page import of_side, png, render
from experiments.human.request import Study, study_of
from experiments.machine.setup import set_up
from experiments.sample.model import load
from experiments.sample.picture import to_pixels
from experiments.terminal.line import amount, show
from experiments.terminal.progress import Progress


def write(config: dict[str, Any]) -> Path:
    """The page and its key; returns the page. Raises `UserError` for what cannot be drawn."""
    study = study_of(config)
    set_up(config["launch"], 1)
    cuda = config["launch"]["device"] != "cpu" and torch.cuda.is_available()
    for note in study.notes:
        show(note)
    drawn = _drawn(study, "cuda" if cuda else "cpu")
    captions = range(len(study.captions))
    by_caption = [[pictures[number] for pictures in drawn] for number in captions]
    orders = arranged(len(study.captions), len(study.runs), study.seed)
    codes = coded(study.page, study.runs, orders)
    key = Key(study.page, study.runs, study.captions, study.seeds, study.question, codes)
    page = study.folder / PAGE
    study.folder.mkdir(parents=True, exist_ok=True)
    where = write_key(key, study.folder)  # a page is of no use without it
    write_text(page, render(key, by_caption))
    each = f", {len(study.seeds)} pictures of each" if len(study.seeds) > 1 else ""
    show(f"{len(study.captions)} captions, {len(study.runs)} runs{each}")
    show(f"page:  {page} ({amount(page.stat().st_size)}, for the participants)")
    show(f"key:   {where} (keep it from them)")
    show(f"then:  put what they save into that folder: task=human_rank answers={study.folder}")
    return page


def _drawn(study: Study, device: str) -> list[list[list[bytes]]]:
    """PNG files by run, caption and seed, all of one side. One network is in memory at a time."""
    total = len(study.captions) * len(study.seeds)
    made: list[list[bytes]] = []
    sides: list[int] = []
    with Progress(total * len(study.runs), description="drawing") as bar:
        for run, asked in zip(study.runs, study.asked, strict=True):
            pairs = [(one, seed) for one in asked for seed in study.seeds]
            model = load(run.folder, device)
            files: list[bytes] = []
            for part in model.parts(len(pairs)):
                some, seeds = (list(side) for side in zip(*pairs[part], strict=True))
                given = [one.given for one in some]
                pixels: np.ndarray = to_pixels(model.stages(given, seeds).images[-1])
                files += [png(picture) for picture in pixels]
                bar.update(len(made) * total + part.stop)
            made.append(files)
            sides.append(int(pixels.shape[1]))
    side, each = max(sides), len(study.seeds)
    same = [[of_side(file, side) for file in files] for files in made]
    return [[files[first : first + each] for first in range(0, len(files), each)] for files in same]
