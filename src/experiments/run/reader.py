"""The reader of a run's data, as its configuration makes it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from experiments.config.build import build
from experiments.config.target import targets_in
from experiments.data.record import Reader
from experiments.data.store.speech import AUTO, RECORDINGS, speakers, speech_of
from experiments.data.voice import check
from experiments.frontend.wave import check as check_sound
from experiments.terminal.error import UserError

HEARS = "experiments.frontend."  # what a run has that listens


def listens(config: Mapping[str, Any]) -> bool:
    """Whether a run of a resolved configuration hears captions, in place of reading them."""
    return any(str(target).startswith(HEARS) for target in targets_in(config.get("system")))


def reader_of(config: Mapping[str, Any]) -> Reader:
    """Built, with the recordings of its captions where the run listens to them and there are any:
    they are then a part of its data. What is missing says whoever asks for it."""
    reader: Reader = build(config["data"]["reader"], None, "data.reader")
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
    if listens(config):
        check_sound()
        speech = speech_of(config["data"])
        voices = speakers(speech, reader, str(config["data"].get("name") or reader.name))
        if voices is not None:
            check(voices.train[0], speech.language)
