"""`task=human_study`: a blind page on which people rank, or mark, what several runs made.

<paths.outputs>/human/<page>/index.html   for the participants, self-contained
<paths.outputs>/human/<page>/key.json     which run drew what; not for the participants

Zhang et al. 2017, section 4.2: every method draws the same captions, people who are none of the
authors rank the results of each caption, and the mean rank of a method is reported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from experiments.file.whole import write_text
from experiments.human.film import filmed
from experiments.human.key import PAGE, Key, arranged, coded, write_key
from experiments.human.made import above, drawn, sounded
from experiments.human.page import render
from experiments.human.request import study_of
from experiments.machine.setup import set_up
from experiments.terminal.line import amount, number_of, show


def write(config: dict[str, Any]) -> Path:
    """The page and its key; returns the page. Raises `UserError` for what cannot be drawn."""
    study = study_of(config)
    set_up(config["launch"], 1)
    cuda = config["launch"]["device"] != "cpu" and torch.cuda.is_available()
    for note in study.notes:
        show(note)
    device = "cuda" if cuda else "cpu"
    make = filmed if study.moving else sounded if study.records else drawn
    made = make(study, device)
    captions = range(len(study.captions))
    by_caption = [[shown[number] for shown in made] for number in captions]
    orders = arranged(len(study.captions), len(study.runs), study.seed)
    codes = coded(study.page, study.runs, orders)
    key = Key(
        *(study.page, study.runs, study.captions, study.seeds, study.questions, codes),
        *(study.form, study.most),
    )
    page = study.folder / PAGE
    study.folder.mkdir(parents=True, exist_ok=True)
    where = write_key(key, study.folder)  # a page is of no use without it
    write_text(page, render(key, by_caption, above(study, by_caption)))
    each = (
        f", {len(study.seeds)} {'clips' if study.moving else 'pictures'} of each"
        if len(study.seeds) > 1
        else ""
    )
    runs = number_of(sum(run.place is not None for run in study.runs), "run")
    real = " and the real ones" if study.real else ""
    items = number_of(
        len(study.captions), "caption" if study.asked else "record" if study.records else "item"
    )
    show(f"{items}, {runs}{real}{each}")
    show(f"page:  {page} ({amount(page.stat().st_size)}, for the participants)")
    show(f"key:   {where} (keep it from them)")
    show(f"then:  put what they save into that folder: task=human_rank answers={study.folder}")
    return page
