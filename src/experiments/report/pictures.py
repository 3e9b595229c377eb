"""What every arm draws for the same captions from the same noise, drawn once and remembered in the
run's folder `report/`."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from experiments.data.record import CLIP
from experiments.data.text.reading import SPEECH
from experiments.file.array import load_arrays, save_arrays
from experiments.file.digest import sha256
from experiments.report.record import Arm
from experiments.run import folder as files
from experiments.terminal.error import UserError, one_line
from experiments.terminal.line import say

if TYPE_CHECKING:
    from experiments.sample.model import Model

SIDE = 192  # px of a picture on the page, at most
WIDE = 1200  # px of a sheet of attention, at most
WORDS = 7  # of a caption, or stretches of its sound, that are looked for most strongly
FOLDER = "report"
VERSION = 2  # of the files there; another one is drawn anew


@dataclass(frozen=True)
class Drawn:
    """Pictures of one run. stages: (n, H, W, 3) uint8 of each, smallest first, none wider than
    SIDE; sides: px of each as the model drew it. attention: a sheet for the first caption, as WebP,
    where the model attends. reason: why there is nothing. clips: (n, T, H, W, 3) uint8 at `pace`
    frames a second, of which stages has the middle frames, where a run makes clips."""

    stages: list[np.ndarray] = field(default_factory=list)
    sides: list[int] = field(default_factory=list)
    attention: bytes | None = None
    reason: str | None = None
    clips: np.ndarray | None = None
    pace: float = 0.0


def captions_of(arms: Sequence[Arm], count: int) -> list[str]:
    """The first captions of the sample sheets, of the first run that kept them."""
    kept = [record.captions for arm in arms for record in arm.records if record.captions]
    return kept[0][:count] if kept else []


def sounds_of(arms: Sequence[Arm], captions: Sequence[str]) -> list[Path]:
    """A wav of each of the captions, of the first run that kept them all; else nothing."""
    for record in (record for arm in arms for record in arm.records):
        if record.captions[: len(captions)] == list(captions):
            paths = record.sounds[: len(captions)]
            found = [path for path in paths if path is not None]
            if captions and len(found) == len(captions):
                return found
    return []


def draws(arm: Arm) -> bool:
    """Whether runs of this arm draw pictures from captions, as far as their configuration says."""
    system = arm.first.config.get("system")
    return isinstance(system, dict) and "generator" in system


def drawn(arm: Arm, captions: Sequence[str], sounds: Sequence[Path] = ()) -> Drawn:
    """What the first seed of an arm draws: with seed 0 for the first caption, 1 for the second and
    so on; of `sounds`, a file for each caption, where it hears. Remembered under the images that
    the run has seen, the captions and the seeds."""
    folder, seeds = arm.first.folder, list(range(len(captions)))
    weights = files.by_images(folder, "weights") + files.by_images(folder, "checkpoints")
    if not weights:
        return Drawn(reason="it has no weights yet")
    newest = max(weights, key=files.images_of)
    asked = [VERSION, files.images_of(newest), newest.stat().st_mtime_ns, list(captions), seeds]
    if sounds and hears(arm):
        asked += ["where it looks in sound", [sha256(path) for path in sounds]]
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:10]
    path = folder / FOLDER / f"drawn-{key}.npz"
    found = _remembered(path)
    if found is not None:
        return found
    try:
        made = _draw(folder, captions, seeds, sounds)
    except UserError as error:
        return Drawn(reason=str(error))
    except Exception as error:  # a run of another version; the others are shown
        return Drawn(reason=f"cannot be loaded here: {one_line(error)}")
    _remember(path, made)
    return made


def hears(arm: Arm) -> bool:
    """Whether runs of this arm are told captions by their sound."""
    try:
        return files.run_facts(arm.first.folder).get("reads") == SPEECH
    except UserError:
        return False


def _draw(folder: Path, captions: Sequence[str], seeds: list[int], sounds: Sequence[Path]) -> Drawn:
    import torch

    from experiments.data.view.caption import CAPTION
    from experiments.sample.attention import attention_stages
    from experiments.sample.model import load
    from experiments.sample.picture import resize, to_pixels

    say(f"drawing with {folder}")
    model = load(folder, "cuda" if torch.cuda.is_available() else "cpu")
    if CLIP in model.system.makes.values():
        return _film(model, captions, seeds, sounds)
    attends = bool(getattr(model.generator, "attends", False))
    heard = SPEECH in model.views
    if heard and not sounds:
        return Drawn(reason="it hears, and no run kept the sound of these captions (samples/*.wav)")
    given: Sequence[Any] = sounds if heard else captions
    with torch.no_grad():
        asked = model.read({SPEECH if heard else CAPTION: given})
        made = model.make(asked, seeds, attention=attends)
    stages, sides = [], []
    for stage in made.images:
        pixels = to_pixels(stage)
        height, width = pixels.shape[1:3]
        sides.append(width)
        if width > SIDE:
            tall = round(SIDE * height / width)
            pixels = np.stack([np.asarray(resize(each, SIDE, tall)) for each in pixels])
        stages.append(pixels)
    sheet = None
    looks = model.captions.attended_in(given[0], captions[0]) if made.attention else None
    if looks is not None and looks.steps:
        heat = [maps[0].float() for maps in made.attention]
        shown = [stage[0] for stage in made.images[1:]]
        names, sound = looks.steps[: len(heat[0])], looks.picture
        sheet = _small(
            attention_stages(shown, heat, names, top=WORDS, sound=sound, said=looks.caption)
        )
    return Drawn(stages, sides, sheet)


def _film(model: Model, captions: Sequence[str], seeds: list[int], sounds: Sequence[Path]) -> Drawn:
    """Clips of captions, or of noise. Raises `UserError` for a run that needs pictures."""
    way = next(asks for asks, made in model.system.makes.items() if made == CLIP)
    given: Sequence[Any] = sounds if SPEECH in way else captions
    asked = model.read(dict.fromkeys(way, given))
    view, parts = model.views[CLIP], list(model.parts(len(seeds)))
    found: list[np.ndarray] = []
    for rows in parts:
        made = model.make({name: part.cut(rows) for name, part in asked.items()}, seeds[rows])
        found += view.handed(made.made[CLIP][-1])
    clips = np.stack(found)
    middle = clips[:, clips.shape[1] // 2]
    return Drawn([middle], [int(clips.shape[3])], clips=clips, pace=float(view.pace or 0))


def _small(sheet: Image.Image) -> bytes:
    sheet.thumbnail((WIDE, 10 * WIDE), Image.Resampling.LANCZOS)
    return encoded(sheet, 75)


def encoded(picture: Image.Image, quality: int = 88) -> bytes:
    """As WebP, which is a fifth of a PNG."""
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=quality, method=4)
    return file.getvalue()


def _remember(path: Path, made: Drawn) -> None:
    arrays: dict[str, Any] = {f"stage{index}": stage for index, stage in enumerate(made.stages)}
    arrays["sides"] = np.array(made.sides)
    if made.clips is not None:
        arrays |= {"clips": made.clips, "pace": np.array(made.pace)}
    if made.attention is not None:
        arrays["attention"] = np.frombuffer(made.attention, dtype=np.uint8)
    try:
        path.parent.mkdir(exist_ok=True)
        for old in path.parent.glob("drawn-*.npz"):
            old.unlink()
        save_arrays(path, arrays)
    except OSError as error:
        say(f"{path.parent}: cannot be written ({error.strerror}); the next report draws again")


def _remembered(path: Path) -> Drawn | None:
    if not path.is_file():
        return None
    try:
        arrays = load_arrays(path)
        sides = [int(side) for side in arrays["sides"]]
        stages = [arrays[f"stage{index}"] for index in range(len(sides))]
    except (UserError, KeyError, ValueError, OSError):
        return None
    assert all(stage.dtype == np.uint8 and stage.ndim == 4 for stage in stages)
    sheet = arrays["attention"].tobytes() if "attention" in arrays else None
    pace = float(arrays["pace"]) if "pace" in arrays else 0.0
    return Drawn(stages, sides, sheet, clips=arrays.get("clips"), pace=pace)
