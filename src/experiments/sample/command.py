"""task=sample: which of the ways to draw is asked for."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from experiments.data.text.reading import count_of, hears
from experiments.data.view.caption import CAPTION
from experiments.machine.setup import set_up
from experiments.sample.asked import Asked
from experiments.sample.between import draw_between
from experiments.sample.caption import FEW, draw_captions
from experiments.sample.crossing import draw_crossing
from experiments.sample.film import draw_films
from experiments.sample.film_way import draw_film_way
from experiments.sample.model import Model, load
from experiments.sample.request import Drawing, drawing_of
from experiments.sample.style import draw_transfer
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Stopped
from experiments.terminal.line import say, show


def draw_to_folder(config: dict[str, Any]) -> list[Path]:
    """What the command asks for, as files. Raises `UserError` for what cannot be drawn."""
    drawing = drawing_of(config)
    set_up(config["launch"], 1)
    cuda = config["launch"]["device"] != "cpu" and torch.cuda.is_available()
    device, options = "cuda" if cuda else "cpu", drawing.options
    model = load(drawing.run, device, options["precision"], options["compile"])
    model.system.require_truncation(options["truncation"], "sample.truncation")
    model.system.truncation = options["truncation"]
    drawing = long_enough(model, drawing)
    for note in drawing.notes:
        show(note)
    try:
        if drawing.way is not None:
            return draw_crossing(model, drawing)
        if drawing.films is not None:
            draws = draw_films if drawing.options["between"] is None else draw_film_way
            written = draws(model, drawing)
        elif drawing.pictures:
            written = draw_transfer(model, drawing)
        elif drawing.options["between"] is None:
            written = draw_captions(model, drawing)
        else:
            written = draw_between(model, drawing)
    except KeyboardInterrupt as stop:
        say(f"stopped; what was drawn so far is in {drawing.drawn}")
        raise Stopped(stop.number if isinstance(stop, Stopped) else signal.SIGINT) from None
    reads = drawing.films is None or CAPTION in drawing.films
    if reads and not hears(model.system):  # what it does not hear of recordings was told before
        _tell_reading(model, drawing.captions)
    return written


def long_enough(model: Model, drawing: Drawing) -> Drawing:
    """What the model can hear of it: of recordings in a folder, those that are too short are left
    out, and told. Raises `UserError` for one that was named, and where nothing is left."""
    if not hears(model.system):
        return drawing
    kept, short = list[Asked](), list[UserError]()
    for one in drawing.asked:
        try:
            model.encode([one.given])
            kept.append(one)
        except UserError as error:
            named = f"text: {one.label!r}" if one.recording is None else "sample.speech"
            short.append(UserError(f"{named}{': ' if one.recording is None else '='}{error}"))
            if not one.listed:
                raise short[-1] from None
    if not short:
        return drawing
    if not kept:
        raise short[0]
    more = f" (and {len(short) - 1} more like it)" if len(short) > 1 else ""
    return replace(drawing, asked=kept, notes=[*drawing.notes, f"left out: {short[0]}{more}"])


def _tell_reading(model: Model, captions: list[str]) -> None:
    """What the model did not read, or read without knowing it, each once."""
    cut = sum(count_of(model.reader, caption) > model.longest for caption in captions)
    if cut:
        show(
            f"captions of which only the first {model.longest} {model.system.reads} are read: {cut}"
        )
    unknown = dict.fromkeys(part for text in captions for part in model.reader.unknown(text))
    if unknown:
        named = list(unknown)[:FEW]
        more = f" and {len(unknown) - FEW} more" if len(unknown) > FEW else ""
        reads = model.system.reads
        show(f"{reads} that the model has never seen: {', '.join(named)}{more}")
