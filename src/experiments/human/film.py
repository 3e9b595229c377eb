"""Clips on a page: what runs made of captions, of pictures or of noise, and the real ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from experiments.clip.gif import gif_of
from experiments.data.record import CLIP
from experiments.data.text.reading import SPEECH
from experiments.data.view.base import View
from experiments.human.made import picture_of
from experiments.human.page import Shown
from experiments.human.request import Study
from experiments.human.uncaptioned import CAPTION, PICTURE
from experiments.sample.filmed import NOISE
from experiments.sample.model import load
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of
from experiments.terminal.progress import Progress

Made = list[list[Shown]]  # by caption and seed


def filmed(study: Study, device: str) -> list[Made]:
    """By run: clips of what is asked, and the real ones last; all of one side, length and pace,
    since nothing else than what they show may tell them apart. One network is in memory at a
    time. Raises `UserError` for runs whose clips have other lengths or rates."""
    runs = [run for run in study.runs if run.place is not None]
    made: list[list[np.ndarray]] = []
    shapes: dict[tuple[int, float], str] = {}
    total = len(study.captions) * len(study.seeds)
    view: View | None = None
    with Progress(total * len(runs), description="drawing") as bar:
        for number, run in enumerate(runs):
            model = load(run.folder, device)
            view = model.views[CLIP]
            asks, inputs = asked_of(study, number)
            pairs = [(one, s) for k, one in enumerate(inputs) for s in study.seeds_of(k)]
            clips: list[np.ndarray] = []
            for part in model.parts(len(pairs)):
                some, seeds = (list(side) for side in zip(*pairs[part], strict=True))
                given = model.read({asks: some}) if asks else {}
                values = model.make(given, seeds).made[CLIP][-1]
                clips += view.handed(values)
                bar.update(number * total + part.stop)
            made.append(clips)
            shapes.setdefault((len(clips[0]), float(view.pace or 0)), str(run.folder))
    if len(shapes) > 1:
        (one, first), (other, second) = list(shapes.items())[:2]
        raise UserError(
            f"run={second}: makes clips of {number_of(other[0], 'frame')} at {other[1]:g} a "
            f"second, and {first} "
            f"of {one[0]} at {one[1]:g}; name runs that make the same"
        )
    assert view is not None, "a study has a run"
    if study.real:
        made.append([clip for clip in _real(study, view) for _ in study.seeds])
    (_, pace), side = next(iter(shapes)), max(clips[0].shape[1] for clips in made)
    shown = [[Shown(picture=gif_of(of_side(clip, side), pace)) for clip in clips] for clips in made]
    each = len(study.seeds)
    return [[files[k : k + each] for k in range(0, len(files), each)] for files in shown]


def asked_of(study: Study, run: int) -> tuple[str | None, list[Any]]:
    """The view that a run is asked through, None for noise alone, and its inputs."""
    if study.by == NOISE:
        return None, list(study.captions)
    if study.by == CAPTION:
        asked = study.asked[run]
        return SPEECH if asked[0].heard else CAPTION, [one.given for one in asked]
    return PICTURE, [Image.fromarray(picture_of(study, k)) for k in range(len(study.records))]


def of_side(frames: np.ndarray, side: int) -> np.ndarray:
    """A clip (T, H, W, 3) at another side; smaller ones are enlarged smoothly."""
    if frames.shape[1:3] == (side, side):
        return frames
    how = Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side), how)) for one in frames])


def _real(study: Study, view: View) -> list[np.ndarray]:
    """The clips of the records, as a run was given them."""
    assert study.known is not None, "records are of known data"
    found = [study.known.reader.clip(record) for record in study.real]  # type: ignore[attr-defined]
    part = view.read(found)
    return view.handed(view.stages(part)[-1])
