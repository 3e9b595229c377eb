"""Recordings that a run is asked for, and captions that are said to it: found and listened to
before torch loads, so that a mistake is told at once."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.data.store.speech import speech_of
from experiments.data.voice import check
from experiments.file.digest import sha256
from experiments.file.name import plain
from experiments.frontend.wave import as_wave, read_wave
from experiments.sample.asked import Asked
from experiments.terminal.error import BadInput, UserError, reason_of, suggest

KINDS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff")
GIVE = "give recordings as wav, flac, ogg or mp3"
RATE = 16_000  # Hz at which it is listened here; the run has its own


def recordings_of(
    given: Any, seconds: float, key: str = "sample.speech"
) -> tuple[list[Asked], list[str]]:
    """The recordings that a key of the command names, those of a folder in the order of their
    names, and lines on what is not heard of them. `seconds`: that are heard of one at most.

    Raises `UserError` for a recording that is named and cannot be used; in a folder such are
    counted.
    """
    found, notes, long = list[Asked](), list[str](), 0
    for item in given if isinstance(given, list) else [given]:
        place = Path(str(item))
        if place.is_dir():
            some, cut, told = _folder(place, seconds, key)
        else:
            some, cut, told = *_file(place, seconds, key), []
        found, notes, long = found + some, notes + told, long + cut
    return _labelled(found), notes + _cut("recordings", long, seconds)


def said_of(
    captions: Sequence[tuple[str, str]], voice: str, data: Mapping[str, Any]
) -> tuple[list[Asked], list[str]]:
    """The captions, each after where it stands, as that voice says them, and lines on what is not
    heard of them. Raises `UserError` for a voice that is not there, and what it cannot say."""
    speech, long = speech_of(data), 0
    try:
        check(voice, speech.language)
    except UserError as error:
        raise UserError(_of_voice(str(error), voice)) from None
    found = [Asked(text, voice=voice, language=speech.language) for _, text in captions]
    for (where, _), one in zip(captions, found, strict=True):
        try:
            wave, rate = one.given
            long += len(as_wave(wave, rate, rate)) > speech.seconds * rate
        except BadInput as error:
            raise UserError(
                f"{where}: {error}; write it otherwise, or take another voice"
            ) from None
    return found, _cut("captions as they are said", long, speech.seconds)


def _of_voice(told: str, voice: str) -> str:
    """What is wrong with a voice, under the key that names one voice here."""
    told = re.sub(r"data\.speech\.voice=espeak$", "sample.voice=espeak/f3", told)
    told = told.replace("data.speech.voice=", "sample.voice=")
    return told if told.startswith("sample.voice=") else f"sample.voice={plain(voice)}: {told}"


def _file(path: Path, seconds: float, key: str) -> tuple[list[Asked], int]:
    """The recording of a file, and whether it is longer than what is heard."""
    key = f"{key}={plain(path)}"
    if not path.exists():
        raise UserError(f"{key}: there is no such file or folder{_near(path)}")
    try:
        one, long = _heard(path, seconds)
    except BadInput as error:
        raise UserError(f"{key}: {error}; {GIVE}") from None
    return [one], int(long)


def _folder(place: Path, seconds: float, key: str) -> tuple[list[Asked], int, list[str]]:
    """The recordings of a folder, how many are longer than what is heard, and what was passed
    over."""
    key, found, long = f"{key}={plain(place)}", list[Asked](), 0
    try:
        paths = sorted(path for path in place.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UserError(f"{key}: cannot be read ({reason_of(error)}); {GIVE}") from None
    named = [path for path in paths if path.suffix.lower() in KINDS]
    if not named:
        raise UserError(f"{key}: has no recordings in it ({_others(paths)}); {GIVE}")
    bad: Counter[str] = Counter()
    first: dict[str, str] = {}
    for path in named:
        try:
            one, cut = _heard(path, seconds)
            found, long = [*found, dataclasses.replace(one, listed=True)], long + cut
        except BadInput as error:
            bad[str(error)] += 1
            first.setdefault(str(error), path.name)
    told = [
        f"{plain(place)}: recordings that cannot be used: {count} ({reason}; {plain(first[reason])}"
        f"{' and others' if count > 1 else ''})"
        for reason, count in bad.items()
    ]
    if not found:
        raise UserError(f"{key}: has no recording that can be used ({'; '.join(bad)}); {GIVE}")
    if len(named) < len(paths):
        told.append(f"{plain(place)}: passed over: {_others(set(paths) - set(named))}")
    return found, long, told


def _heard(path: Path, seconds: float) -> tuple[Asked, bool]:
    """A recording, and whether it goes on for longer. Raises `BadInput`."""
    wave = read_wave(path, RATE, seconds + 1)
    try:
        return Asked(path.name, path, sha256(path)), len(wave) > RATE * seconds
    except OSError as error:
        raise BadInput(f"sound cannot be read ({reason_of(error)})") from None


def _labelled(found: Sequence[Asked]) -> list[Asked]:
    """Names, and more of the path where two recordings have one name."""
    for parts in (2, 0):
        keys: dict[str, set[Any]] = {}
        for one in found:
            keys.setdefault(one.label, set()).add(one.key)
        found = [
            dataclasses.replace(one, label="/".join(_path(one).parts[-parts:]))
            if len(keys[one.label]) > 1
            else one
            for one in found
        ]
    return list(found)


def _path(one: Asked) -> Path:
    assert one.recording is not None
    return one.recording


def _near(path: Path) -> str:
    """What there is that is named like it."""
    try:
        told = suggest(path.name, [other.name for other in path.absolute().parent.iterdir()])
    except OSError:
        return ""
    return told if told.startswith("; did you mean") else ""


def _others(paths: Sequence[Path] | set[Path]) -> str:
    """How many files and folders, in words."""
    folders = sum(path.is_dir() for path in paths)
    counts = {"other files": len(paths) - folders, "folders": folders}
    return ", ".join(f"{what}: {count}" for what, count in counts.items() if count) or "it is empty"


def _cut(what: str, count: int, seconds: float) -> list[str]:
    return [f"{what} of which only the first {seconds:g} s are heard: {count}"] if count else []
