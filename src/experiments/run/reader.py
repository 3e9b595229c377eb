"""The reader of a run's data, as its configuration makes it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from experiments.config.build import build
from experiments.config.target import targets_in
from experiments.data.record import Reader, require_clips, require_sounds
from experiments.data.store.speech import AUTO, RECORDINGS, speakers, speech_of
from experiments.data.text.reading import SPEECH
from experiments.data.voice import check
from experiments.frontend.wave import check as check_sound
from experiments.terminal.error import UserError

HEARS = "experiments.frontend."  # what a run has that listens
EXCERPT = f"{HEARS}excerpt.Excerpt"  # of a sound
FORM = "experiments.clip.form.ClipForm"  # of a clip


def listens(config: Mapping[str, Any]) -> bool:
    """Whether a run of a resolved configuration hears captions, in place of reading them."""
    whole, own = config.get("system"), excerpts_of(config)
    if any(excerpt.get("of") == SPEECH for excerpt in own):
        return True
    heard = sum(len(list(targets_in(excerpt))) for excerpt in own)
    return sum(str(target).startswith(HEARS) for target in targets_in(whole)) > heard


def hears_sounds(config: Mapping[str, Any]) -> bool:
    """Whether a run of a resolved configuration is given the sounds of records."""
    return any(excerpt.get("of") != SPEECH for excerpt in excerpts_of(config))


def excerpts_of(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The excerpts of sounds that a run of a resolved configuration is given."""
    return _nodes(config.get("system"), EXCERPT)


def forms_of(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The forms of clips that a run of a resolved configuration is given; none: it sees none, or
    pictures, which are clips of one frame."""
    return [form for form in _nodes(config.get("system"), FORM) if form.get("frames") != 1]


def _nodes(node: Any, target: str) -> list[Mapping[str, Any]]:
    """Those of a tree that make a target, the outermost ones."""
    if isinstance(node, Mapping) and node.get("_target_") == target:
        return [node]
    if isinstance(node, Mapping):
        node = list(node.values())
    inner = node if isinstance(node, list) else []
    return [found for item in inner for found in _nodes(item, target)]


def reader_of(config: Mapping[str, Any]) -> Reader:
    """Built, with the sounds or clips of its records, or the recordings of its captions, where the
    run takes them and there are any: they are then a part of its data. What is missing says whoever
    asks for it."""
    reader: Reader = build(config["data"]["reader"], None, "data.reader")
    if hears_sounds(config) and hasattr(reader, "sounds"):
        reader.sounds = True
    if forms_of(config) and hasattr(reader, "clips"):
        reader.clips = True
    if listens(config) and speech_of(config["data"]).voice in (AUTO, RECORDINGS):
        with suppress(UserError):
            if hasattr(reader, "recordings") and getattr(reader, "records_speech", False):
                reader.recordings = True
    return reader


def check_data(config: Mapping[str, Any]) -> None:
    """Raise `UserError`, before anything is read, for data that are not there, and where a run
    listens without what reads sound, or for captions that nobody can speak."""
    reader = reader_of(config)
    reader.check()
    if hears_sounds(config):
        require_sounds(reader, str(config["data"].get("name") or reader.name))
        check_sound()
    if forms_of(config):
        require_clips(reader, str(config["data"].get("name") or reader.name))
    if listens(config):
        check_sound()
        speech = speech_of(config["data"])
        voices = speakers(speech, reader, str(config["data"].get("name") or reader.name))
        if voices is not None:
            check(voices.train[0], speech.language)
