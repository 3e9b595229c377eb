"""What a run's captions say, for a recogniser to expect it: its training captions where they can be
had, else what its folder, or its export, holds of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from experiments.config.build import build
from experiments.config.target import targets_in
from experiments.data.record import Record
from experiments.data.store.table import read_table
from experiments.data.text.vocabulary import END, UNKNOWN
from experiments.file.bounded import read_bounded
from experiments.file.parse import parse_json
from experiments.human.captions import prepared_of
from experiments.run import folder as files
from experiments.terminal.error import UserError

# Sets that this project draws itself: whoever wrote the configuration, no file is opened for them.
INVENTED = tuple(
    f"experiments.data.reader.{name}"
    for name in (
        "plumage.Plumage",
        "plumage_song.PlumageSong",
        "plumage_clips.PlumageClips",
        "digits.Digits",
    )
)
LIMIT = 100_000_000  # bytes of the captions that an export carries
MOST = 100_000  # captions that a language model is made of
RECORDS = 50_000  # that are looked at for them, of a set of which there may be any number
CARRIED = "captions.json"  # of an export that carries them: a list


@dataclass(frozen=True)
class Captions:
    """`texts`: captions to train on, none where there are none; `words`: the vocabulary of the run,
    without its marks; `where`: they were found, in words; `language`: of the captions."""

    texts: tuple[str, ...]
    words: tuple[str, ...]
    where: str
    language: str = "en"


def captions_of(run: Path, cache: Path) -> Captions:
    """Of a run folder or an export. `cache`: where prepared data lie.

    Raises `UserError` where the run knows neither captions nor words.
    """
    config, facts = files.run_config(run), files.run_facts(run)
    words = tuple(str(w) for w in facts.get("words") or () if w not in (END, UNKNOWN))
    texts, where = _found(run, config, cache)
    if not texts and not words:
        raise UserError(f"run={run}: has neither captions nor words to expect in speech")
    data = config.get("data") or {}
    language = str((data.get("reader") or {}).get("language") or "en")
    return Captions(texts, words, where, language)


def _found(run: Path, config: Mapping[str, Any], cache: Path) -> tuple[tuple[str, ...], str]:
    prepared = prepared_of([run], cache)
    if prepared is not None and (texts := _training(read_table(prepared))):
        return texts, "its training captions"
    if (run / CARRIED).is_file():
        return _carried(run / CARRIED), "the captions that it carries"
    if texts := _written_anew((config.get("data") or {}).get("reader") or {}):
        return texts, "its training captions, written anew"
    if sampled := files.sample_captions(run):
        return tuple(sampled), "the captions of its samples, and its vocabulary"
    return (), "its vocabulary alone, as its data are not here"


def _written_anew(node: Mapping[str, Any]) -> tuple[str, ...]:
    """Of a set that this project draws; none of another. An export may come from anybody: nothing
    but the reader is built of its configuration."""
    targets = [str(target) for target in targets_in(node)]
    if len(targets) != 1 or targets[0] not in INVENTED or node.get("root") is not None:
        return ()
    reader = build(node, None, "data.reader")
    reader.check()
    return _training(islice(reader.read(), RECORDS))


def _training(records: Any) -> tuple[str, ...]:
    return tuple(islice(_texts(records), MOST))


def _texts(records: Any) -> Iterator[str]:
    for record in records:
        if isinstance(record, Record) and record.split == "train":
            yield from record.captions


def _carried(path: Path) -> tuple[str, ...]:
    try:
        found = parse_json(read_bounded(path, LIMIT))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise UserError(f"{path}: must be a JSON list of captions; export the run again")
    return tuple(found[:MOST])
