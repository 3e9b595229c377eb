"""A wish by a model: what it is given, what it makes, and what it read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from experiments.app.about import About, Way
from experiments.app.bound import Bounds, picture_of
from experiments.app.refusal import Refused, refusing
from experiments.app.speech import spoken
from experiments.app.wish import CAPTION, CLIP, PICTURE, SOUND, SPEECH, Drawing, Made, Wish
from experiments.clip.gif import gif_of
from experiments.data.text.reading import words_of
from experiments.frontend.wave import encoded
from experiments.sample.crossing import shown
from experiments.sample.model import Model
from experiments.sample.picture import to_pixels
from experiments.sample.style import StyleModel
from experiments.system.base import Samples

GIVE = {
    CAPTION: "a caption",
    SPEECH: "a recording of speech",
    SOUND: "a recording",
    PICTURE: "a picture",
}


@dataclass(frozen=True)
class Asked:
    """What a model is given of a wish, one input of each view, and by which of its ways."""

    way: Way
    inputs: dict[str, Any]

    @property
    def makes(self) -> str:
        return self.way[1]


def asked_of(about: About, wish: Wish, bounds: Bounds, voice: str | None) -> Asked:
    """What the model is given of the wish; `voice` says captions to one that listens. Raises
    `Refused` where it can be given nothing of it."""
    there: dict[str, Any] = {}
    if wish.caption is not None:
        there[CAPTION] = wish.caption
    if wish.recording is not None:
        there[SPEECH] = there[SOUND] = wish.recording.given
    elif wish.caption is not None and voice is not None and SPEECH in about.takes:
        there[SPEECH] = spoken(wish.caption, voice)
    if wish.picture is not None:
        there[PICTURE] = picture_of(wish.picture, bounds)
    ways = [way for way in about.ways if set(way[0]) <= there.keys()]
    if about.styled and PICTURE not in there:
        ways = []
    if not ways:
        raise Refused(f"{about.name} draws of {offer(about)}; give it that")
    way = max(ways, key=lambda each: len(each[0]))
    return Asked(way, {name: there[name] for name in (*way[0], *([PICTURE] * about.styled))})


def offer(about: About) -> str:
    """What a model can be given, in words."""
    extra = [GIVE[PICTURE]] if about.styled else []
    ways = [
        " with ".join([*(GIVE.get(name, name) for name in asks), *extra]) or "nothing but a seed"
        for asks, _ in about.ways
    ]
    return ", or of ".join(dict.fromkeys(ways))


def drawn(model: Model, about: About, wish: Wish, asked: Asked) -> Drawing:
    """What comes of it, every seed in one request. Raises `Refused` for what says nothing to the
    model."""
    began = time.monotonic()
    seeds = [wish.seed + number for number in range(wish.count)]
    with refusing():
        if about.styled:
            made, words = _styled(model, asked, seeds)
        else:
            made, words = _made(model, about, asked, seeds)
    unknown: tuple[str, ...] = ()
    if CAPTION in asked.inputs:
        unknown = tuple(dict.fromkeys(model.reader.unknown(asked.inputs[CAPTION])))
        words = words or tuple(words_of(model.reader, asked.inputs[CAPTION])[: model.longest])
    return Drawing(about.name, wish, made, words, unknown, time.monotonic() - began)


def _made(
    model: Model, about: About, asked: Asked, seeds: list[int]
) -> tuple[tuple[Made, ...], tuple[str, ...]]:
    asks, makes = asked.way
    request = {name: [asked.inputs[name]] * len(seeds) for name in asks}
    given = model.read(request)
    attention = about.attends and makes == PICTURE
    made = Samples.cat(
        model.make({name: part.cut(rows) for name, part in given.items()}, seeds[rows], attention)
        for rows in model.parts(len(seeds))
    )
    view, last = model.views[makes], made.made[makes][-1]
    if makes == CLIP:
        assert view.pace is not None
        films = view.handed(last)
        return tuple(
            Made(seed, (frames[0],), clip=gif_of(frames, view.pace))
            for seed, frames in zip(seeds, films, strict=True)
        ), ()
    if makes == SOUND:
        looks, waves = shown(view, last), view.handed(last)
        return tuple(
            Made(seed, (look,), sound=encoded(*wave))
            for seed, look, wave in zip(seeds, looks, waves, strict=True)
        ), ()
    stages = [to_pixels(stage) for stage in made.images]
    words = _words(model, asked) if made.attention else ()
    maps = [_maps(stage, len(words)) for stage in made.attention]
    return tuple(
        Made(
            seed,
            tuple(stage[row] for stage in stages),
            tuple(stage[row] for stage in maps) or None,
        )
        for row, seed in enumerate(seeds)
    ), words


def _words(model: Model, asked: Asked) -> tuple[str, ...]:
    """What the maps are of: words that are read, or stretches of sound."""
    (name,) = asked.way[0]
    caption = asked.inputs.get(CAPTION)
    return tuple(model.captions.attended_in(asked.inputs[name], caption).steps)


def _maps(attention: torch.Tensor, count: int) -> np.ndarray:
    """(B, T, h, w) of the words alone, float32 without NaN."""
    return np.nan_to_num(attention[:, :count].detach().float().cpu().numpy())


def _styled(
    model: Model, asked: Asked, seeds: list[int]
) -> tuple[tuple[Made, ...], tuple[str, ...]]:
    """The caption in the style of the picture."""
    styles = StyleModel(model)
    pictures = styles.read([asked.inputs[PICTURE]])
    (name,) = asked.way[0]
    found = []
    for seed in seeds:
        images = styles.transfer(pictures, [asked.inputs[name]], seed)[0]
        found.append(Made(seed, (to_pixels(images)[0],)))
    return tuple(found), ()
