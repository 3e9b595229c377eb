"""Records of the test split that people see or hear: what a sound or a picture is asked for by, and
the real ones beside what was made. Nothing here imports torch."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from experiments.data.record import SOUND, Reader, Record, has_of
from experiments.data.store.recorder import Recorder
from experiments.data.store.speech import speakers, speech_of
from experiments.data.store.table import read_table
from experiments.data.text.reading import SPEECH
from experiments.frontend.wave import as_wave, read_wave
from experiments.human.captions import prepared_of
from experiments.run import folder as files
from experiments.run.reader import excerpts_of, reader_of
from experiments.terminal.error import BadInput, UserError
from experiments.terminal.line import number_of

RATE = 24_000  # Hz at which a file is read to be played
SECONDS = 30.0  # of a sound
SIDE = 256  # px of a picture that is asked about


@dataclass(frozen=True, eq=False)
class Known:
    """The test records of runs, and who opens them."""

    reader: Reader
    records: list[Record]
    recorder: Recorder | None = None  # of captions, of runs whose sounds these are

    def sound(self, record: Record) -> tuple[np.ndarray, int] | None:
        """(N,) in [-1, 1] and its rate in Hz; None where there is none that can be used."""
        try:
            if self.recorder is not None:
                wave = self.recorder.wave(self.reader, record, 0)
                return None if wave is None else (wave, RATE)
            found: Any = self.reader.sound(record)  # type: ignore[attr-defined]
            if isinstance(found, str | Path):
                return read_wave(Path(found), RATE, SECONDS), RATE
            return None if found is None else (as_wave(found[0], found[1], found[1]), found[1])
        except BadInput:
            return None

    def picture(self, record: Record, side: int = SIDE) -> np.ndarray | None:
        """uint8 (side, side, 3); None where it cannot be used."""
        try:
            return self.reader.image(record, side)
        except BadInput:
            return None

    def of_captions(self, captions: Sequence[str]) -> list[Record]:
        """The first record that each caption is of. Raises `UserError` for one that is of none."""
        known: dict[str, Record] = {}
        for record in self.records:
            for text in record.captions:
                known.setdefault(text, record)
        for text in captions:
            if text not in known:
                raise UserError(f"caption {text!r} is of no picture of the test split")
        return [known[text] for text in captions]

    def sounding(self, count: int, seed: int) -> list[Record]:
        """So many records at random that have a sound and a picture; all, where there are fewer."""
        found: list[Record] = []
        for record in random.Random(seed).sample(self.records, len(self.records)):
            if self.sound(record) is not None and self.picture(record) is not None:
                found.append(record)
            if len(found) == count:
                break
        return found

    def moving(self, count: int, seed: int, pictured: bool) -> list[Record]:
        """So many records at random, of which the picture can be used where it is wanted."""
        found: list[Record] = []
        for record in random.Random(seed).sample(self.records, len(self.records)):
            if not pictured or self.picture(record) is not None:
                found.append(record)
            if len(found) == count:
                break
        return found


def known_of_runs(runs: list[Path], prepared: Path, *has: str) -> Known:
    """The test records of the data that all runs have in common, each with `has`. Raises
    `UserError` where they, or their data, are not there."""
    place = prepared_of(runs, prepared)
    if place is None:
        raise UserError(
            "run: these runs have no prepared data in common in paths.cache; name runs of one data "
            "set, and train or evaluate one of them here first"
        )
    config = files.run_config(runs[0])
    reader, recorder = reader_of(config), None
    reader.check()
    if any(excerpt.get("of") == SPEECH for excerpt in excerpts_of(config)):
        speech, name = speech_of(config["data"]), str(config["data"].get("name") or reader.name)
        voices = speakers(speech, reader, name)
        recorder = Recorder(SimpleNamespace(rate=RATE), speech, voices)
    for what in has:
        if what not in has_of(reader) and not (what == SOUND and recorder is not None):
            raise UserError(f"run={runs[0]}: its data have no {what}s")
    records = [record for record in read_table(place) if record.split == "test"]
    return Known(reader, records, recorder)


def real_of(
    config: Mapping[str, Any], runs: list[Path], captions: list[str]
) -> tuple[Known | None, list[Record], list[str]]:
    """The records of captions, where they are there, and a line where they are not. Raises
    `UserError` in place of the line where `human.real` asks for them."""
    try:
        known = known_of_runs(runs, Path(config["paths"]["cache"]), "picture")
        return known, known.of_captions(captions), []
    except UserError as error:
        if config["human"]["real"]:
            raise UserError(f"human.real=true: {error}") from None
        return None, [], [f"no real pictures stand beside: {error}"]


def records_of(
    config: Mapping[str, Any], runs: list[Path]
) -> tuple[Known, list[Record], list[str]]:
    """The records that runs with sounds are asked by, and a line on them."""
    options, wanted = config["sample"], int(config["human"]["captions"])
    given = [key for key in ("file", "speech", "voice") if options[key] is not None]
    if config["text"] or given:
        key = "text" if config["text"] else f"sample.{given[0]}"
        raise UserError(
            f"{key}: these runs are asked by sounds or pictures of their test split, and not by "
            "captions; leave it away"
        )
    known = known_of_runs(runs, Path(config["paths"]["cache"]), "sound", "picture")
    found = known.sounding(wanted, int(config["seed"]))
    if not found:
        raise UserError("run: no record of their test split has a sound and a picture here")
    notes = [f"{len(found):,} of {number_of(len(known.records), 'record', ',')} of the test split"]
    return known, found, notes
