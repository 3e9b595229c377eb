"""What task=sample asks of a run that makes pictures of sounds, or sounds of pictures: files, found
and opened before torch loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.data.images import read_crop
from experiments.data.record import SOUND
from experiments.file.digest import sha256
from experiments.file.name import plain
from experiments.frontend.wave import check
from experiments.run.folder import run_config, run_facts
from experiments.run.reader import excerpts_of
from experiments.sample.asked import Asked
from experiments.sample.recording import recordings_of
from experiments.terminal.error import BadInput, UserError

PICTURE = "picture"
GIVE = {SOUND: "sample.sound=song.wav", PICTURE: "sample.picture=bird.png"}
SMALL = 16  # px, at which a picture is opened here


def crosses(place: Path) -> list[str]:
    """Which of `GIVE` a run is asked through, none where it reads or hears captions."""
    ways = run_facts(place).get("makes") or []
    return [asks[0] for asks, _ in ways if len(asks) == 1 and asks[0] in GIVE]


def crossing(
    place: Path, config: Mapping[str, Any], ways: Sequence[str]
) -> tuple[str, list[Asked], list[str]]:
    """Through which of the `ways` a run is asked, the files that it is given, and lines on what is
    not taken of them. Raises `UserError` for what the run cannot be asked for."""
    options, offer = config["sample"], " or ".join(GIVE[way] for way in ways)
    for key, value in (("text", config["text"]), ("sample.file", options["file"])):
        if value:
            raise UserError(f"{key}: run={place} reads no captions; give it {offer}")
    for key in ("between", "stages", "speech", "voice"):
        if options[key]:
            raise UserError(f"sample.{key}: not for run={place}; give it {offer} alone")
    given = {way: options[way] for way in GIVE if options[way] not in (None, "", [])}
    for way in given:
        if way not in ways:
            raise UserError(f"sample.{way}: run={place} makes nothing of a {way}; give it {offer}")
    if len(given) != 1:
        told = "is asked for one thing at a time" if given else "has to be given something"
        raise UserError(f"sample.{ways[0]}: run={place} {told}; {offer}")
    ((way, value),) = given.items()
    if way == PICTURE:
        check()  # what is made is written as sound
        return way, pictures_of(value), []
    excerpt = excerpts_of(run_config(place))[0]
    seconds = float(excerpt.get("kept") or excerpt["seconds"])
    found, notes = recordings_of(value, seconds, "sample.sound")
    return way, found, notes


def pictures_of(given: Any) -> list[Asked]:
    """The files that `sample.picture` names. Raises `UserError` for one that is no picture."""
    found = list[Asked]()
    for path in map(Path, map(str, given if isinstance(given, list) else [given])):
        key = f"sample.picture={plain(path)}"
        if path.is_dir():
            raise UserError(f"{key}: is a folder; name the pictures in it")
        if not path.is_file():
            raise UserError(f"{key}: there is no such file")
        try:
            read_crop(path, SMALL)
        except BadInput as error:
            raise UserError(f"{key}: {error}; give a photograph or drawing") from None
        found.append(Asked(path.name, path, sha256(path)))
    return found
