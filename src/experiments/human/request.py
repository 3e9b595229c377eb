"""What task=human_study and task=human_rank ask for: checked without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.config.target import STYLE
from experiments.human.answers import Collected, answer_files, collect
from experiments.human.captions import captions_of_runs, chosen
from experiments.human.key import LETTERS, PLACE, Run
from experiments.run import folder as files
from experiments.run.fact import hears_run
from experiments.run.state import run_named
from experiments.sample.asked import Asked
from experiments.sample.request import drawing_of
from experiments.terminal.error import UserError

CHOOSE = "name two or more runs: run=outputs/<model>-<data>/<id>,outputs/<model>-<data>/<id>"


@dataclass(frozen=True)
class Study:
    """A page: every caption with one picture of each run, or several that are ranked together.

    `asked`: the same by run: one that listens has each caption said by `sample.voice`.
    `page`: ten hexadecimal digits, a function of the runs, of how long they trained, of what is
    asked about them and of the seed. `folder`: where the page goes. `notes`: lines for the user.
    """

    page: str
    folder: Path
    runs: list[Run]
    captions: list[str]
    seeds: list[int]
    question: str
    seed: int
    notes: list[str]
    asked: list[list[Asked]]


def study_of(config: Mapping[str, Any]) -> Study:
    """What a command asks people to rank. Raises `UserError` for what cannot be ranked."""
    runs = _runs(config["run"], config["paths"]["outputs"])
    human, seed = config["human"], int(config["seed"])
    question = " ".join(str(human["question"]).split())
    if not question:
        raise UserError("human.question: must say what people are to rank the pictures by")
    captions, notes, drawn = _captions(config, runs)
    seeds = [seed + number for number in range(int(human["pictures"]))]
    asked = [[run.folder.name, run.name, run.images] for run in runs]
    voice = config["sample"]["voice"]
    text = json.dumps([asked, captions, seeds, question, seed, *([voice] if voice else [])])
    page = hashlib.sha256(text.encode()).hexdigest()[:10]
    folder = Path(config["paths"]["outputs"]) / PLACE / page
    return Study(page, folder, runs, captions, seeds, question, seed, notes, drawn)


def answers_of(config: Mapping[str, Any]) -> Collected:
    """What people answered. Raises `UserError` where none of it can be used."""
    confidence = config["report"]["confidence"]
    if not 0 < float(confidence) < 1:
        raise UserError(f"report.confidence={confidence}: must lie between 0 and 1, as 0.95")
    paths = answer_files(config["answers"])
    return collect(paths, Path(config["paths"]["outputs"]) / PLACE)


def _runs(given: Any, outputs: str) -> list[Run]:
    items = given if isinstance(given, list) else [given]
    if given is None or len(items) < 2:
        raise UserError(f"run: task=human_study compares runs; {CHOOSE}")
    places = [run_named(str(item), outputs) for item in items]
    if len(places) > len(LETTERS):
        raise UserError(
            f"run: nobody can rank {len(places)} pictures; name {len(LETTERS)} runs at most"
        )
    real = [place.resolve() for place in places]
    for place, where in zip(places, real, strict=True):
        if real.count(where) > 1:
            raise UserError(f"run={place}: is named twice; name every run once")
    names = [f"{where.parent.name}/{where.name}" for where in real]
    if len(set(names)) < len(names):
        names = [str(where) for where in real]
    return [Run(name, place, _images(place)) for name, place in zip(names, places, strict=True)]


def _images(place: Path) -> int:
    """Images that a run has seen. Raises `UserError` for one that draws no captions."""
    choices = files.run_about(place)["choices"]
    system = files.run_config(place)["system"]
    if str(system.get("_target_")).endswith(STYLE) or not system.get("generator"):
        raise UserError(
            f"run={place}: model={choices.get('model')} draws no captions; take the run of a "
            "text-to-image model, as attngan_4stage"
        )
    states = files.by_images(place, "weights") + files.by_images(place, "checkpoints")
    return max(map(files.images_of, states), default=0)


def _captions(
    config: Mapping[str, Any], runs: list[Run]
) -> tuple[list[str], list[str], list[list[Asked]]]:
    """The captions, each of which says something to every run, what was left out, and how each run
    is asked."""
    notes: list[str] = []
    wanted, seed = int(config["human"]["captions"]), int(config["seed"])
    voice = config["sample"]["voice"]
    if config["sample"]["speech"] is not None:
        raise UserError(
            "sample.speech: people rank pictures by captions that they read; name captions, and "
            "for runs that listen the voice that says them: sample.voice=espeak/f3"
        )
    listens = [run for run in runs if hears_run(run.folder)]
    if voice is not None and not listens:
        raise UserError(f"sample.voice={voice}: none of these runs listens; leave it away")
    if voice is None and listens:
        raise UserError(
            f"run={listens[0].folder}: listens, and does not read; name the voice that says the "
            "captions to it: sample.voice=espeak/f3"
        )
    sample = {**config["sample"], "between": None, "picture": None, "stages": False}
    drawing = {**config, "sample": sample, "num_samples": 1}
    if config["text"] or sample["file"] is not None:
        first = drawing_of(_of(drawing, sample, runs[0]))
        found, origin = first.captions, "text and sample.file"
        notes += first.notes
    else:
        cache = Path(config["paths"]["cache"])
        found, origin = captions_of_runs([run.folder for run in runs], cache)
    captions = chosen(found, wanted, seed)
    if len(captions) < wanted:
        notes.append(
            f"human.captions={wanted}: {origin} have {len(captions)}; add some by text or "
            "sample.file=captions.txt"
        )
    elif len(found) > wanted:
        notes.append(f"{wanted:,} of {len(found):,} captions of {origin}, drawn by seed={seed}")
    asked = list[list[Asked]]()
    for run in runs:
        try:
            here = drawing_of(_of({**drawing, "text": captions}, {**sample, "file": None}, run))
            asked.append(here.asked)
        except UserError as error:
            line = str(error)
            raise UserError(
                line if line.startswith("run=") else f"run={run.folder}: {line}"
            ) from None
    return captions, notes, asked


def _of(drawing: Mapping[str, Any], sample: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """What is asked of one run: a voice says it to one that listens."""
    voice = sample["voice"] if hears_run(run.folder) else None
    return {**drawing, "run": str(run.folder), "sample": {**sample, "voice": voice}}
