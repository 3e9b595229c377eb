"""What a page says of a model before it is loaded: what it takes and makes, and how it scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments import __version__
from experiments.config.target import STYLE
from experiments.export.title import MODELS
from experiments.run import folder as files
from experiments.run.state import Named
from experiments.sample.label import run_label
from experiments.terminal.error import UserError

Way = tuple[tuple[str, ...], str]  # what a model is given, and what it makes of it
EXAMPLES = 8
RECALL = "picture_recall_at_"  # scores of captions that look for their real picture
EVALUATIONS = 20  # of the newest, so many are looked at
ENCODER, INDEPENDENT = "encoder", "metric.independent"  # of words and pictures, if a run has any


@dataclass(frozen=True)
class About:
    """One model. `ways`: all that it can be asked; `takes`, `makes`: of the first. `stages`: the
    sides of its pictures in px. `styled`: it takes a picture for its style beside a caption.
    `finds`: it was built with encoders of words and pictures (`sees`), or on some."""

    name: str
    title: str
    ways: tuple[Way, ...]
    attends: bool
    stages: tuple[int, ...]
    styled: bool
    finds: bool
    sees: bool
    examples: tuple[str, ...]
    scores: Mapping[str, float]
    run: str
    place: Named
    images: int
    version: str = __version__

    @property
    def takes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for asks, _ in self.ways for name in asks))

    @property
    def makes(self) -> str:
        return self.ways[0][1]

    @property
    def card(self) -> str:
        """The model card, Markdown without its front matter."""
        from experiments.export.card import CARD, card_of

        for path in (self.place.folder / "README.md", self.place.folder / CARD):
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                break
        else:
            text = card_of(self.place.folder)
        return text.partition("\n---\n")[2].strip() if text.startswith("---\n") else text


def abouts(runs: Sequence[Named]) -> tuple[About, ...]:
    """Of each run, with names that no two have: the model, with more of the run where several are
    of it. Raises `UserError` for a run that makes nothing."""
    names = Counter(_model(run) for run in runs)
    found: dict[str, About] = {}
    for run in runs:
        about = about_of(run, unique=names[_model(run)] == 1)
        name, number = about.name, 1
        while about.name in found:  # a run and its export
            number += 1
            about = replace(about, name=f"{name} {number}")
        found[about.name] = about
    return tuple(found.values())


def about_of(run: Named, unique: bool = True) -> About:
    from experiments.sample.fitting import fitting
    from experiments.system.drawing import on_paper

    place, model = run.folder, _model(run)
    with fitting(place):
        system: Any = on_paper(place)
    if not system.makes:
        raise UserError(f"run={place}: {model} draws no pictures; take a run of attngan_4stage")
    node, about = files.run_config(place)["system"], files.run_about(place)
    generator = getattr(system, "generator", None)
    scores = files.run_scores(place) or {"scores": {}, "images": files.reached(place)}
    told = recall_since(place, scores["images"]) | scores["scores"]
    at = f"@{run.at}" if run.at else ""
    reads = any({"caption", "speech"} & {*asks} for asks in system.makes)
    sees = bool(getattr(getattr(system, ENCODER, None), "sees_pictures", False))
    captions = (files.sample_captions(place) or []) if reads else []
    return About(
        name=f"{model}{at}" if unique else f"{model} {about['id'][:5]}{at}",
        title=MODELS.get(model, (model, ""))[0],
        ways=tuple((tuple(asks), makes) for asks, makes in system.makes.items()),
        attends=bool(getattr(generator, "attends", False)),
        stages=tuple(getattr(generator, "resolutions", ())),
        styled=str(node.get("_target_")).endswith(STYLE),
        sees=reads and sees,
        finds=reads and (sees or bool({ENCODER, INDEPENDENT} & {*(about.get("built_on") or {})})),
        examples=tuple(dict.fromkeys(captions))[:EXAMPLES],
        scores={k: v for k, v in told.items() if isinstance(v, int | float)},
        run=run_label(place, run.at),
        place=run,
        images=files.reached(place),
    )


def recall_since(place: Path, images: int) -> dict[str, Any]:
    """How often captions find their pictures, as the last task=evaluate of these weights says that
    does: a run that was scored before that was a score has it there alone."""
    for path in sorted((place / "evaluations").glob("*.json"), reverse=True)[:EVALUATIONS]:
        with suppress(UserError):  # a damaged one tells nothing
            found = files.read(path, files.SCORES)
            told = {k: v for k, v in found["scores"].items() if k.startswith(RECALL)}
            if told and found["images"] == images:
                return told
    return {}


def _model(run: Named) -> str:
    return str(files.run_about(run.folder)["choices"].get("model", run.folder.parent.name))
