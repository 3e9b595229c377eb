"""`task=sample` of a run that makes clips.

<asked>/seed-<n>.gif, .mp4     the clip, the second where the extra `video` is installed
<asked>/seed-<n>.png           its frames beside one another
<asked>/seed-<n>.json          what was asked, and what made it
<asked>/seed-<n>-<part>.gif    with sample.stages: foreground, mask and others that it is made of
sheet-<request>.png            strips of all, in pages where many
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from experiments.clip.strip import to_strip
from experiments.clip.write import write_clip
from experiments.data.record import CLIP
from experiments.data.view.base import Part, View
from experiments.file.whole import write_json
from experiments.sample.asked import Asked
from experiments.sample.crossed import PICTURE
from experiments.sample.model import Model
from experiments.sample.name import digest, slug
from experiments.sample.page import PAGE, Pages, rows
from experiments.sample.picture import save_png, to_pixels
from experiments.sample.request import Drawing
from experiments.system.base import Samples
from experiments.terminal.line import show
from experiments.terminal.package import installing
from experiments.terminal.progress import Progress

STRIPS = 3  # of an entry that stand beside one another on a page
VIDEO = "av"  # what writes MP4


def draw_films(model: Model, drawing: Drawing) -> list[Path]:
    """Every caption, from every picture, with every seed; files and sheets."""
    assert drawing.films is not None
    view, seeds = model.views[CLIP], drawing.seeds
    starts: list[Path | None] = [*drawing.pictures]
    pairs = [(one, start) for one in drawing.asked for start in starts or [one.recording]]
    movies = find_spec(VIDEO) is not None
    titles = [f"seed {seed}" for seed in seeds[:STRIPS]]
    keys = [*drawing.keys, *map(str, drawing.pictures)]
    name = drawing.drawn / f"sheet-{digest(keys, seeds)}"
    sheet = Pages(name, len(pairs), max(1, PAGE // 8), lambda entries: rows(entries, titles))
    count, written = len(pairs) * len(seeds), list[Path]()
    with Progress(count, description="drawing", enabled=count > PAGE) as bar:
        for number, (one, picture) in enumerate(pairs, start=1):
            request = _request(drawing.films, one, picture)
            made = _made(model, request, seeds)
            folder = drawing.drawn / _folder(one, picture if drawing.pictures else None)
            about = _about(model, drawing, one, picture if PICTURE in drawing.films else None)
            written += _save(view, made, seeds, folder, about, movies, drawing.options["stages"])
            pixels = to_pixels(view.pictures(made.made[CLIP][-1][:STRIPS]))  # type: ignore[arg-type]
            beside = f", from {picture.name}" if picture is not None and drawing.pictures else ""
            sheet.add(list(pixels), f"{one.label}{beside}")
            bar.update(number * len(seeds))
    if not movies:
        show(f"MP4: left out, as PyAV is missing ({installing(VIDEO)}); GIFs have every frame")
    show(f"clips: {count}, in {drawing.drawn}; {sheet.written[0]}")
    return written + sheet.written


def _request(asks: tuple[str, ...], one: Asked, picture: Path | None) -> dict[str, Any]:
    """One input of each view."""
    return {name: picture if name == PICTURE else one.given for name in asks}


def _made(model: Model, request: Mapping[str, Any], seeds: list[int]) -> Samples:
    """A clip for each seed."""
    given: dict[str, Part] = model.read({name: [one] * len(seeds) for name, one in request.items()})
    return Samples.cat(
        model.make({name: part.cut(rows) for name, part in given.items()}, seeds[rows])
        for rows in model.parts(len(seeds))
    )


def _folder(one: Asked, picture: Path | None) -> str:
    """Its name differs where what is asked does."""
    return one.slug if picture is None else slug(one.label, one.key, str(picture))


def _about(model: Model, drawing: Drawing, one: Asked, picture: Path | None) -> dict[str, Any]:
    """What a sidecar says of all clips of an entry."""
    return {
        "run": drawing.folder.name,
        "images": model.images,
        "caption": one.caption if set(drawing.films or ()) - {PICTURE} else None,
        "picture": None if picture is None else picture.name,
    }


def _save(
    view: View,
    made: Samples,
    seeds: list[int],
    folder: Path,
    about: Mapping[str, Any],
    movies: bool,
    parts: bool,
) -> Iterator[Path]:
    assert view.pace is not None
    clips = view.handed(made.made[CLIP][-1])
    named: dict[str, Tensor] = made.named_of(CLIP) if parts else {}
    others = {name: view.handed(values) for name, values in [*named.items()][:-1]}
    for row, (seed, frames) in enumerate(zip(seeds, clips, strict=True)):
        stem = folder / f"seed-{seed}"
        files = [stem.with_suffix(suffix) for suffix in (".gif", *((".mp4",) if movies else ()))]
        for path in files:
            yield write_clip(frames, path, view.pace)
        for name, values in others.items():
            files.append(stem.with_name(f"{stem.name}-{name}.gif"))
            yield write_clip(values[row], files[-1], view.pace)
        files.append(stem.with_suffix(".png"))
        save_png(_strip(frames), files[-1])
        yield files[-1]
        count, height, width, _ = frames.shape
        shape = {"frames": count, "height": height, "width": width, "rate": view.pace}
        told = {**about, "seed": seed, **shape, "files": [path.name for path in files]}
        write_json(stem.with_suffix(".json"), told)
        yield stem.with_suffix(".json")


def _strip(frames: np.ndarray) -> Image.Image:
    return Image.fromarray(to_strip(frames))
