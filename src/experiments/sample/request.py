"""What task=sample asks of a run that is there: checked before torch loads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from experiments.config.target import NO_TEXT, STYLE
from experiments.data.layout.caption_files import clean_caption
from experiments.data.store.speech import speech_of
from experiments.data.text.reading import Reader
from experiments.file.bounded import read_bounded
from experiments.run import folder as files
from experiments.run.fact import hears_run, reader_of_run
from experiments.run.named import run_of
from experiments.run.state import Named
from experiments.sample.asked import Asked
from experiments.sample.crossed import crosses, crossing
from experiments.sample.recording import recordings_of, said_of
from experiments.terminal.error import BadInput, UserError

MAX_FILE = 100_000_000  # bytes of captions


@dataclass(frozen=True)
class Drawing:
    """What task=sample draws of a run: every caption, or recording, with every seed.

    The seeds are a function of the configuration's seed and `num_samples` alone, and a picture is
    one of its caption, its seed and the weights, whatever else is asked for and in what order.
    `at`: the state of the run that is meant, None for the newest.
    `options`: the group `sample`. `pictures`: files whose style the captions take, of a run that
    reads styles. `notes`: what was passed over, a line each. `way`: what a run is given that makes
    pictures of sounds, or sounds of pictures: the name of that view.
    """

    folder: Path
    asked: list[Asked]
    seeds: list[int]
    options: Mapping[str, Any]
    notes: list[str]
    pictures: list[Path] = field(default_factory=list)
    at: str | None = None
    way: str | None = None

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
    def drawn(self) -> Path:
        """Where pictures go: those of an earlier state are beside those of the newest."""
        return self.folder / (f"drawn@{self.at}" if self.at else "drawn")


def drawing_of(config: Mapping[str, Any]) -> Drawing:
    """What a command asks to be drawn. Raises `UserError` for what cannot be drawn of the run."""
    run, options = run_of(config), config["sample"]
    notes: list[str] = []
    place = run.folder
    seeds = [int(config["seed"]) + number for number in range(int(config["num_samples"]))]
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
    texts, blank = _texts(config["text"], options["file"])
    notes += blank
    if hears_run(place):
        asked, told = _heard(place, texts, options)
        notes += told
    else:
        asked = _read(place, texts, options)
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


def _read(place: Path, texts: list[tuple[str, str]], options: Mapping[str, Any]) -> list[Asked]:
    """What a run is asked that reads: captions."""
    for key, what in (("speech", "recordings"), ("voice", "a voice")):
        if options[key] is not None:
            raise UserError(
                f"sample.{key}: run={place} reads captions, and hears nothing; leave {what} away, "
                "as 'text=a small red bird', or take a run that listens, as of "
                "encoder=damsm_speech_pretrained"
            )
    if not texts:
        raise UserError(
            "text: task=sample needs a caption: 'text=a small red bird', or a file with one a "
            "line: sample.file=captions.txt"
        )
    return [Asked(caption) for caption in _known(texts, reader_of_run(place))]


def _heard(
    place: Path, texts: list[tuple[str, str]], options: Mapping[str, Any]
) -> tuple[list[Asked], list[str]]:
    """What a run is asked that listens: captions that a voice says, then recordings; and what is
    not heard of them."""
    voice, given, data = options["voice"], options["speech"], files.run_config(place)["data"]
    given = None if given in ("", []) else given
    if texts and voice is None:
        raise UserError(
            f"text: run={place} listens, and does not read; name the voice that says it: "
            "sample.voice=espeak/f3, or give a recording: sample.speech=red-bird.wav"
        )
    if voice is not None and not texts:
        raise UserError(
            f"sample.voice={voice}: has nothing to say; add a caption: 'text=a small red bird'"
        )
    if given is None and not texts:
        raise UserError(
            f"sample.speech: run={place} listens; give it a recording: "
            "sample.speech=red-bird.wav, or a caption and the voice that says it: "
            "'text=a small red bird' sample.voice=espeak/f3"
        )
    said, notes = said_of(texts, voice, data) if texts else ([], [])
    recorded, told = (
        recordings_of(given, speech_of(data).seconds) if given is not None else ([], [])
    )
    return said + recorded, notes + told


def _texts(given: Any, file: str | None) -> tuple[list[tuple[str, str]], list[str]]:
    """(where it stands, caption) of the command and of a file, and what was passed over."""
    lines = [str(item) for item in (given if isinstance(given, list) else [given or ""])]
    texts = [("text", line) for line in lines if line]
    if file is None:
        return texts, []
    listed, blank = _lines(Path(file))
    return texts + listed, [f"{file}: blank lines skipped: {blank}"] if blank else []


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


def _lines(path: Path) -> tuple[list[tuple[str, str]], int]:
    """(where it stands, caption) of each line with one, and the number of blank lines."""
    try:
        content = read_bounded(path, MAX_FILE)
    except UserError as error:
        raise UserError(f"sample.file={error}; name a text file, one caption a line") from None
    found, blank = [], 0
    rows = content.removeprefix(b"\xef\xbb\xbf").rstrip().split(b"\n")
    for number, row in enumerate(rows if rows != [b""] else [], start=1):
        where = f"sample.file={path}: line {number}"
        try:
            text = row.decode("utf-8").strip()
            if text:
                found.append((where, clean_caption(text)))
            blank += not text
        except UnicodeDecodeError:
            raise UserError(f"{where} is not UTF-8; save the file as UTF-8 text") from None
        except BadInput as reason:
            raise UserError(f"{where}: {reason}; write one caption a line") from None
    if not found:
        raise UserError(f"sample.file={path}: holds no caption; write one a line")
    return found, blank


def _known(texts: list[tuple[str, str]], reader: Reader) -> list[str]:
    """The captions, of which each says something to the run; else the first that does not."""
    problems = []
    for where, caption in texts:
        try:
            reader.require_known(caption)
        except UserError as error:
            problems.append(str(error) if where == "text" else f"{where}: {error}")
    if problems:
        more = f" (and {len(problems) - 1} more like it)" if len(problems) > 1 else ""
        raise UserError(problems[0] + more)
    return [caption for _, caption in texts]


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
