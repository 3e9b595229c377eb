"""What task=human_study and task=human_rank ask for: checked without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.config.target import STYLE
from experiments.data.record import SOUND, Record
from experiments.data.text.reading import SPEECH
from experiments.export.way import ways_of
from experiments.human.answers import Collected, answer_files, collect
from experiments.human.captions import captions_of_runs, chosen
from experiments.human.key import LETTERS, MARKS, MOST, PLACE, RANK, RATE, REAL, Run
from experiments.human.preference import Preferences, are_preferences, read_preferences
from experiments.human.record import Known, real_of, records_of
from experiments.human.recordings import recordings
from experiments.human.uncaptioned import CAPTION, asked_by, have_clips, items_of
from experiments.run import folder as files
from experiments.run.fact import hears_run
from experiments.run.reader import excerpts_of
from experiments.run.state import run_named
from experiments.sample.asked import Asked
from experiments.sample.filmed import NOISE, films
from experiments.sample.request import drawing_of
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

TOLD = {CAPTION: "the words", "picture": "the picture that it begins with"}
CHOOSE = "name two or more runs: run=outputs/<model>-<data>/<id>,outputs/<model>-<data>/<id>"


KINDS = {SOUND: "sounds", SPEECH: "captions that are spoken"}
QUESTIONS = {
    RANK: "Which {what} fits {what_to} and {seems} most real? Rank them, the best first.",
    RATE: "How well does it fit {what_to}, and how real is it?",
}
UNASKED = {  # of what is made of noise
    RANK: "Which {what} looks most real? Rank them, the best first.",
    RATE: "How real is it?",
}


@dataclass(frozen=True)
class Study:
    """A page: every caption with one picture of each run, or several that are ranked together.

    `asked`: the same by run: one that listens has each caption said by `sample.voice`, or is told
    recordings (`sample.speech`), whose names `captions` are then. Of runs with
    sounds in place of captions, `records` are what they are asked by, of `known`, and `captions`
    their names; `makes`: which way of theirs, None for the first. `real`: the records whose own
    pictures, or sounds, stand beside what the runs made. `by`: what clips are asked by; of those
    of noise each item goes on with the seeds that follow.
    `page`: ten hexadecimal digits, a function of the runs, of how long they trained, of what is
    asked about them and of the seed. `folder`: where the page goes. `notes`: lines for the user.
    """

    page: str
    folder: Path
    runs: list[Run]
    captions: list[str]
    seeds: list[int]
    questions: list[str]
    seed: int
    notes: list[str]
    asked: list[list[Asked]]
    form: str = RANK
    most: int = MARKS
    known: Known | None = None
    records: list[Record] = field(default_factory=list)
    real: list[Record] = field(default_factory=list)
    makes: str | None = None
    moving: bool = False
    by: str = CAPTION

    def seeds_of(self, item: int) -> list[int]:
        """Those of an item, by its place."""
        return [seed + item * len(self.seeds) * (self.by == NOISE) for seed in self.seeds]


def study_of(config: Mapping[str, Any]) -> Study:
    """What a command asks people to rank or to mark. Raises `UserError` for what cannot be."""
    human, seed = config["human"], int(config["seed"])
    form, most, makes = human["form"], int(human["most"]), human["makes"]
    if most > MOST:
        raise UserError(f"human.most={most}: people give marks from 0 to {MOST} at most")
    runs = _runs(config["run"], config["paths"]["outputs"], 2 if form == RANK else 1)
    sounding, moving = _have_sounds(runs), have_clips([run.folder for run in runs])
    by = asked_by([run.folder for run in runs]) if moving and not sounding else CAPTION
    for run in runs if not sounding and by == CAPTION else []:
        _require_captions(run.folder)
    if makes is not None and not sounding:
        raise UserError(f"human.makes={makes}: these runs have no sounds; leave it away")
    if sounding:
        _require_one_way(runs, makes)
    seen = "clip" if moving else "picture"
    questions = _questions(human["question"], form, sounding, seen, by)
    known, records, real = None, list[Record](), list[Record]()
    beside = form == RATE if human["real"] is None else bool(human["real"])
    places, drawn = [run.folder for run in runs], list[list[Asked]]()
    if sounding:
        known, records, notes = records_of(config, places)
        captions, real = [record.key for record in records], records if beside else []
    elif by != CAPTION:
        captions, records, known, real, notes = items_of(config, places, by, beside)
    else:
        captions, notes, drawn = _captions(config, runs)
        if beside:
            known, real, told = real_of(config, places, captions)
            notes += told
    seeds = [seed + number for number in range(int(human["pictures"]))]
    listed = [*runs, *([Run(REAL, Path(), 0)] if real else [])]
    if len(listed) > len(LETTERS):
        raise UserError(f"human.real: with {len(runs)} runs there is no place for real ones")
    asked = [[run.folder.name, run.name, run.images] for run in runs]
    voice = config["sample"]["voice"]
    said = questions[0] if len(questions) == 1 else questions
    parts: list[Any] = [asked, captions, seeds, said, seed, *([voice] if voice else [])]
    parts += [one.content for one in drawn[0] if one.recording] if drawn else []
    own = {"form": form, "most": most, "real": bool(real), "makes": makes}
    if own != {"form": RANK, "most": MARKS, "real": False, "makes": None}:
        parts.append(own)
    page = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:10]
    folder = Path(config["paths"]["outputs"]) / PLACE / page
    made = (page, folder, listed, captions, seeds, questions, seed, notes, drawn)
    return Study(*made, form, most, known, records, real, makes, moving, by)


def _questions(
    given: Any, form: str, sounding: bool, seen: str = "picture", by: str = CAPTION
) -> list[str]:
    """What people are asked; one that fits the form where nothing is given."""
    if given is None and by == NOISE:
        return [UNASKED[form].format(what=seen)]
    if given is None:
        to, what = ("what it was made from", "one") if sounding else (TOLD[by], seen)
        seems = "seems" if sounding else "looks"
        return [QUESTIONS[form].format(what=what, what_to=to, seems=seems)]
    items = given if isinstance(given, list) else [given]
    found = [" ".join(str(item).split()) for item in items]
    if not found or not all(found):
        raise UserError("human.question: must say what people are to rank the pictures by")
    if len(set(found)) < len(found):
        raise UserError("human.question: asks the same twice; ask each question once")
    return found


def _have_sounds(runs: list[Run]) -> bool:
    """Whether all runs have sounds, of records or of captions that are spoken, in place of written
    captions. Raises `UserError` where they differ."""
    found: dict[str, Path] = {}
    for run in runs:
        excerpts = excerpts_of(files.run_config(run.folder))
        kinds = {str(excerpt.get("of", SOUND)) for excerpt in excerpts}
        found.setdefault(min(kinds, default=""), run.folder)
    if len(found) > 1:
        (one, first), (other, second) = sorted(found.items(), reverse=True)[:2]
        raise UserError(
            f"run={first}: has {KINDS[one]} in place of captions, and {second} has "
            f"{KINDS[other] if other else 'not'}; name runs of one kind"
        )
    return "" not in found


def _require_one_way(runs: list[Run], makes: str | None) -> None:
    """Raise `UserError` where runs do not make the same. What an older one makes it has not
    recorded; it is found when it is asked (`made.py`)."""
    found: dict[tuple[str, str], Path] = {}
    for run in runs:
        recorded = ways_of(run.folder)
        ways = [
            (asks[0], made)
            for asks, made in recorded.items()
            if len(asks) == 1 and makes in (None, made)
        ]
        if recorded and not ways:
            wanted = f"no {makes}" if makes else "nothing of a sound, or of a picture, alone"
            raise UserError(f"run={run.folder}: makes {wanted}; people can be asked about nothing")
        if ways:
            found.setdefault(ways[0], run.folder)
    if len(found) > 1:
        raise UserError(unlike(found, makes))


def unlike(ways: Mapping[tuple[str, str], Path], named: str | None) -> str:
    """Why runs that make different things are not compared: two ways, each with a run."""
    ((asks, made), first), ((others, other), second) = list(ways.items())[:2]
    both = "name runs that make the same" + ("" if named else ", or human.makes=picture")
    return f"run={second}: makes a {other} of a {others}, and {first} a {made} of a {asks}; {both}"


def answers_of(config: Mapping[str, Any]) -> Collected | Preferences:
    """What people answered to a page, or preferred in task=app. Raises `UserError` where none of it
    can be used."""
    confidence = config["report"]["confidence"]
    if not 0 < float(confidence) < 1:
        raise UserError(f"report.confidence={confidence}: must lie between 0 and 1, as 0.95")
    paths = answer_files(config["answers"])
    hidden = bool((config.get("human") or {}).get("hidden"))
    if are_preferences(paths, hidden):
        return read_preferences(paths, hidden)
    return collect(paths, Path(config["paths"]["outputs"]) / PLACE)


def _runs(given: Any, outputs: str, least: int) -> list[Run]:
    items = given if isinstance(given, list) else [given]
    if given is None or len(items) < least:
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


def _require_captions(place: Path) -> None:
    """Raise `UserError` for a run that draws no captions."""
    if any(way in (("caption",), ("speech",)) for way in films(place)):
        return
    choices = files.run_about(place)["choices"]
    system = files.run_config(place)["system"]
    if str(system.get("_target_")).endswith(STYLE) or not system.get("generator"):
        raise UserError(
            f"run={place}: model={choices.get('model')} draws no captions; take the run of a "
            "text-to-image model, as attngan_4stage"
        )


def _images(place: Path) -> int:
    """Images that a run has seen."""
    states = files.by_images(place, "weights") + files.by_images(place, "checkpoints")
    return max(map(files.images_of, states), default=0)


def _captions(
    config: Mapping[str, Any], runs: list[Run]
) -> tuple[list[str], list[str], list[list[Asked]]]:
    """The captions, or names of recordings, each of which says something to every run, what was
    left out, and how each run is asked."""
    notes: list[str] = []
    wanted, seed = int(config["human"]["captions"]), int(config["seed"])
    voice = config["sample"]["voice"]
    sample = {**config["sample"], "between": None, "picture": None, "stages": False}
    drawing = {**config, "sample": sample, "num_samples": 1}
    if sample["speech"] is not None:
        heard, notes = recordings(drawing, runs, wanted, seed)
        return [one.label for one in heard], notes, [heard] * len(runs)
    listens = [run for run in runs if hears_run(run.folder)]
    if voice is not None and not listens:
        raise UserError(f"sample.voice={voice}: none of these runs listens; leave it away")
    if voice is None and listens:
        raise UserError(
            f"run={listens[0].folder}: listens, and does not read; name the voice that says the "
            "captions to it: sample.voice=espeak/f3"
        )
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
        count = number_of(len(found), "caption", ",")
        notes.append(f"{wanted:,} of {count} of {origin}, drawn by seed={seed}")
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
