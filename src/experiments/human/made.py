"""What stands on a page: what runs made, what they were asked by, and the real ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.data.record import SOUND
from experiments.data.view.picture import PICTURE
from experiments.frontend.wave import as_wave, read_wave
from experiments.human.page import Shown, of_side, png, wav
from experiments.human.record import RATE, SECONDS
from experiments.human.request import Study, unlike
from experiments.sample.asked import Asked
from experiments.sample.filmed import NOISE
from experiments.sample.model import Model, load
from experiments.sample.picture import to_pixels
from experiments.terminal.error import UserError
from experiments.terminal.progress import Progress

Wave = tuple[np.ndarray, int]
Made = list[list[Shown]]  # by caption and seed
LEVEL = 0.9  # of full scale, the peak of every sound: none is known by how loud it is


def drawn(study: Study, device: str) -> list[Made]:
    """By run: pictures of captions, all of one side. One network is in memory at a time."""
    made: list[list[bytes]] = []
    sides: list[int] = []
    runs = [run for run in study.runs if run.place is not None]
    with Progress(_total(study, len(runs)), description="drawing") as bar:
        for run, asked in zip(runs, study.asked, strict=True):
            pairs = [(one, seed) for one in asked for seed in study.seeds]
            model = load(run.folder, device)
            files: list[bytes] = []
            for part in model.parts(len(pairs)):
                some, seeds = (list(side) for side in zip(*pairs[part], strict=True))
                given = [one.given for one in some]
                pixels: np.ndarray = to_pixels(model.stages(given, seeds).images[-1])
                files += [png(picture) for picture in pixels]
                bar.update(len(made) * len(pairs) + part.stop)
            made.append(files)
            sides.append(int(pixels.shape[1]))
    side = max(sides)
    found = [_by_caption(study, [_picture(of_side(f, side)) for f in files]) for files in made]
    return found + ([_real_pictures(study, side)] if study.real else [])


def sounded(study: Study, device: str) -> list[Made]:
    """By run: pictures of sounds, or sounds of pictures, and the real ones last."""
    runs = [run for run in study.runs if run.place is not None]
    ways: dict[tuple[str, str], Path] = {}
    pictures: list[list[bytes]] = []
    sounds: list[list[Wave]] = []
    with Progress(_total(study, len(runs)), description="making") as bar:
        for number, run in enumerate(runs):
            model = load(run.folder, device)
            way = _way(model, study.makes, str(run.folder))
            ways.setdefault(way, run.folder)
            if len(ways) > 1:
                raise UserError(unlike(ways, study.makes))
            pairs = [(record, seed) for record in study.records for seed in study.seeds]
            given = [_asked(study, way[0], place) for place in range(len(study.records))]
            inputs = [one for one in given for _ in study.seeds]
            files, waves = list[bytes](), list[Wave]()
            for part in model.parts(len(pairs)):
                asked = model.read({way[0]: inputs[part]})
                values = model.make(asked, [seed for _, seed in pairs[part]]).made[way[1]][-1]
                if way[1] == PICTURE:
                    files += [png(picture) for picture in to_pixels(values)]
                else:
                    waves += model.views[SOUND].sounding(values)
                bar.update(number * len(pairs) + part.stop)
            pictures.append(files)
            sounds.append(waves)
    if any(pictures):
        side = max(_side(files[0]) for files in pictures)
        shown = [[_picture(of_side(file, side)) for file in files] for files in pictures]
        real = [_real_pictures(study, side)] if study.real else []
    else:
        shown = [[_sound(wave) for wave in waves] for waves in sounds]
        real = [_real_sounds(study, sounds[0][0])] if study.real else []
    return [_by_caption(study, files) for files in shown] + real


def above(study: Study, made: Sequence[Sequence[Sequence[Shown]]]) -> list[Shown]:
    """What stands above what was made: a caption, a recording that all runs heard, a picture."""
    if study.by == NOISE:
        return [Shown() for _ in study.captions]
    if not study.records:
        return _told(study)
    assert study.known is not None, "records are of known data"
    if study.moving or made[0][0][0].sound is not None:
        return [Shown(picture=_pixels(study, place)) for place in range(len(study.records))]
    return [Shown(sound=_sound(_wave(study, place)).sound) for place in range(len(study.records))]


def _told(study: Study) -> list[Shown]:
    """Captions, played where all runs listen; of a recording not its name, which may say more."""
    heard = bool(study.asked) and all(one.heard for asked in study.asked for one in asked)
    if not heard:
        return [Shown(text) for text in study.captions]
    return [Shown(one.caption or "", sound=wav(*_wave_of(one))) for one in study.asked[0]]


def _wave_of(one: Asked) -> Wave:
    if one.recording is not None:
        return read_wave(one.recording, RATE, SECONDS), RATE
    wave, rate = one.given
    return np.asarray(wave), int(rate)


def _way(model: Model, makes: str | None, name: str) -> tuple[str, str]:
    """Which way a run is asked, and what it makes then."""
    ways = [
        (asks[0], made)
        for asks, made in model.system.makes.items()
        if len(asks) == 1 and {asks[0], made} == {SOUND, PICTURE} and makes in (None, made)
    ]
    if not ways:
        wanted = f"no {makes}" if makes else "neither pictures of sounds nor sounds of pictures"
        raise UserError(f"run={name}: makes {wanted}; people can be asked about nothing of it")
    return ways[0]


def _total(study: Study, runs: int) -> int:
    return len(study.captions) * len(study.seeds) * runs


def _by_caption(study: Study, shown: list[Shown]) -> Made:
    each = len(study.seeds)
    return [shown[first : first + each] for first in range(0, len(shown), each)]


def _asked(study: Study, asks: str, place: int) -> object:
    """What a run gets of a record."""
    if asks == SOUND:
        return _wave(study, place)
    from PIL import Image

    return Image.fromarray(picture_of(study, place))


def _wave(study: Study, place: int) -> Wave:
    assert study.known is not None, "records are of known data"
    found = study.known.sound(study.records[place])
    if found is None:
        raise UserError(f"{study.records[place].key}: its sound is gone; run the command again")
    return found


def picture_of(study: Study, place: int, side: int | None = None) -> np.ndarray:
    """That of a record, uint8 (side, side, 3). Raises `UserError` where it cannot be used."""
    assert study.known is not None, "records are of known data"
    record = (study.records or study.real)[place]
    known = study.known
    found = known.picture(record) if side is None else known.picture(record, side)
    if found is None:
        raise UserError(f"{record.key}: its picture cannot be used; name other captions")
    return found


def _pixels(study: Study, place: int, side: int | None = None) -> bytes:
    return png(picture_of(study, place, side))


def _real_pictures(study: Study, side: int) -> Made:
    shown = [_picture(_pixels(study, place, side)) for place in range(len(study.real))]
    return [[one] * len(study.seeds) for one in shown]


def _real_sounds(study: Study, made: Wave) -> Made:
    """As long, and at the rate, of what was made: neither tells which is real."""
    found: Made = []
    for place in range(len(study.real)):
        wave, rate = _wave(study, place)
        whole = np.zeros(len(made[0]), np.float32)
        wave = as_wave(wave, rate, made[1])[: len(whole)]
        whole[: len(wave)] = wave
        found.append([_sound((whole, made[1]))] * len(study.seeds))
    return found


def _picture(file: bytes) -> Shown:
    return Shown(picture=file)


def _sound(sound: Wave) -> Shown:
    wave, rate = sound
    peak = float(np.abs(np.nan_to_num(wave)).max(initial=0))
    return Shown(sound=wav(np.asarray(wave) * (LEVEL / peak if peak else 1), rate))


def _side(file: bytes) -> int:
    import io

    from PIL import Image

    return int(Image.open(io.BytesIO(file)).size[0])
