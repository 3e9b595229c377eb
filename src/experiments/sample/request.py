"""What task=sample asks of a run that is there: checked before torch loads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from experiments.config.target import NO_TEXT, STYLE
from experiments.run import folder as files
from experiments.run.fact import hears_run
from experiments.run.named import run_of
from experiments.run.state import Named
from experiments.sample.asked import Asked
from experiments.sample.crossed import crosses, crossing
from experiments.sample.filmed import films, given_of
from experiments.sample.label import run_label
from experiments.sample.told import heard_of, read_of, texts_of
from experiments.terminal.error import UserError


@dataclass(frozen=True)
class Drawing:
    """What task=sample draws of a run: every caption, or recording, with every seed.

    The seeds are a function of the configuration's seed and `num_samples` alone, and a picture is
    one of its caption, its seed and the weights, whatever else is asked for and in what order.
    `at`: the state of the run that is meant, None for the newest.
    `options`: the group `sample`. `pictures`: files whose style the captions take, of a run that
    reads styles. `notes`: what was passed over, a line each. `way`: what a run is given that makes
    pictures of sounds, or sounds of pictures: the name of that view. `films`: by which views a run
    is asked for clips, where it makes such; nothing: it is asked for none, or of noise alone.
    """

    folder: Path
    asked: list[Asked]
    seeds: list[int]
    options: Mapping[str, Any]
    notes: list[str]
    pictures: list[Path] = field(default_factory=list)
    at: str | None = None
    way: str | None = None
    films: tuple[str, ...] | None = None

    @property
    def captions(self) -> list[str]:
        """What stands under pictures: captions, or the names of recordings."""
        return [one.label for one in self.asked]

    @property
    def keys(self) -> list[Any]:
        return [one.key for one in self.asked]

    @property
    def kind(self) -> str:
        """What it draws of, in messages."""
        if self.way is not None:
            return f"{self.way}s"
        return "recordings" if any(one.recording for one in self.asked) else "captions"

    @property
    def run(self) -> str:
        """The state that is drawn, as `run` names it."""
        return str(Named(self.folder, self.at))

    @property
    def run_id(self) -> str:
        """The same in what pictures say of themselves: `34f6266e81`, or `34f6266e81@4000`."""
        return run_label(self.folder, self.at)

    @property
    def drawn(self) -> Path:
        """Where pictures go: those of an earlier state, or of truncated noise, are beside those of
        the newest."""
        name = f"drawn@{self.at}" if self.at else "drawn"
        scale = self.options.get("truncation")
        return self.folder / (name if scale is None else f"{name}-truncated-{scale:g}")


def drawing_of(config: Mapping[str, Any]) -> Drawing:
    """What a command asks to be drawn. Raises `UserError` for what cannot be drawn of the run."""
    run, options = run_of(config), config["sample"]
    notes: list[str] = []
    place = run.folder
    seeds = [int(config["seed"]) + number for number in range(int(config["num_samples"]))]
    if offered := films(place):
        asks, asked, pictures, notes = given_of(place, config, offered)
        drawing = Drawing(place, asked, seeds, options, notes, pictures, run.at, films=asks)
        if options["between"] is not None:
            _check_way(options["between"], asked, seeds, options)
        return drawing if options["between"] == "sentence" else _once(drawing)
    if ways := crosses(place):
        way, asked, notes = crossing(place, config, ways)
        return _once(Drawing(place, asked, seeds, options, notes, at=run.at, way=way))
    if options["sound"] is not None:
        raise UserError(f"sample.sound: run={place} makes nothing of a sound; leave it away")
    system = files.run_config(place)["system"]
    if "encoder" not in system:
        raise UserError(
            f"run={place}: reads no captions; in Python, load(run).sample(...) takes what it needs"
        )
    encoder = system["encoder"]
    if encoder is None or encoder["_target_"] == NO_TEXT:
        raise UserError(
            f"run={place}: has no text encoder and reads no captions; in Python, "
            "load(run).draw(sentences, seeds) draws sentence embeddings"
        )
    pictures = _pictures(place, options, str(system.get("_target_")).endswith(STYLE))
    texts, blank = texts_of(config["text"], options["file"])
    notes += blank
    if hears_run(place):
        asked, told = heard_of(place, texts, options)
        notes += told
    else:
        asked = read_of(place, texts, options)
    between = options["between"]
    if between is not None:
        _check_way(between, asked, seeds, options)
    drawing = Drawing(place, asked, seeds, options, notes, pictures, run.at)
    if between == "sentence":  # a way may come by a caption twice
        return drawing
    return _once(drawing)


def _once(drawing: Drawing) -> Drawing:
    """Without what was given before, which a note tells."""
    known: dict[Any, Asked] = {}
    for one in drawing.asked:
        known.setdefault(one.key, one)
    before = len(drawing.asked) - len(known)
    notes = [f"{drawing.kind} that were given before: {before}, drawn once"] if before else []
    return replace(drawing, asked=list(known.values()), notes=[*drawing.notes, *notes])


def _pictures(place: Path, options: Mapping[str, Any], styles: bool) -> list[Path]:
    """The files that `sample.picture` names, which a run that reads styles needs."""
    given = options["picture"]
    found = [Path(str(item)) for item in (given if isinstance(given, list) else [given])]
    if given is None or not found:
        if styles:
            raise UserError(
                f"sample.picture: run={place} draws captions in the style of pictures; name one or "
                "more: sample.picture=owl.jpg"
            )
        return []
    if not styles:
        raise UserError(
            f"sample.picture: run={place} reads no styles; take a run of model=style_encoder"
        )
    for path in found:
        if path.is_dir():
            raise UserError(f"sample.picture={path}: is a folder; name the pictures in it")
        if not path.is_file():
            raise UserError(f"sample.picture={path}: there is no such file")
    for key in ("between", "stages"):
        if options[key]:
            raise UserError(f"sample.{key}: not with sample.picture; leave one of them away")
    return found


def _check_way(
    between: str, asked: list[Asked], seeds: list[int], options: Mapping[str, Any]
) -> None:
    if between == "sentence" and len(asked) < 2:
        recorded = bool(asked[0].recording)
        what = "recording" if recorded else "caption"
        more = (
            "sample.speech=[red.wav,blue.wav]" if recorded else "'text=[a red bird, a blue bird]'"
        )
        raise UserError(
            f"sample.between=sentence: draws on the way from one {what} to the next and needs two "
            f"or more: {more}"
        )
    if between == "noise" and len(seeds) < 2:
        raise UserError(
            "sample.between=noise: draws on the way from one seed to the next and needs "
            "num_samples=2 or more"
        )
    if options["stages"]:
        raise UserError(
            f"sample.stages=true: with sample.between={between} only the last stage is drawn; "
            "leave one of them away"
        )
