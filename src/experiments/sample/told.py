"""The captions that task=sample is given, as a run reads or hears them.

They are checked before torch loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.data.layout.caption_files import clean_caption
from experiments.data.store.speech import speech_of
from experiments.data.text.reading import Reader
from experiments.file.bounded import read_bounded
from experiments.run import folder as files
from experiments.run.fact import reader_of_run
from experiments.sample.asked import Asked
from experiments.sample.recording import recordings_of, said_of
from experiments.terminal.error import BadInput, UserError

MAX_FILE = 100_000_000  # bytes of captions


def texts_of(given: Any, file: str | None) -> tuple[list[tuple[str, str]], list[str]]:
    """(where it stands, caption) of the command and of a file, and what was passed over."""
    lines = [str(item) for item in (given if isinstance(given, list) else [given or ""])]
    texts = [("text", line) for line in lines if line]
    if file is None:
        return texts, []
    listed, blank = _lines(Path(file))
    return texts + listed, [f"{file}: blank lines skipped: {blank}"] if blank else []


def read_of(place: Path, texts: list[tuple[str, str]], options: Mapping[str, Any]) -> list[Asked]:
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


def heard_of(
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
