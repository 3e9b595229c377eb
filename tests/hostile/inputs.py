"""One case in one data set: put at its place, read as a run would read it, and judged."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.record import has_of
from experiments.data.store.dataset import open_dataset
from experiments.frontend.wave import read_wave
from experiments.terminal.error import BadInput
from tests.hostile import captions, containers, names, numbers, pictures, sounds
from tests.hostile.layouts import WRITTEN, Layout, Placed, replace
from tests.hostile.sound_layouts import SOUNDED
from tests.hostile.spoken_layouts import MELS, SPOKEN
from tests.hostile.trial import Outcome, attempt

LAYOUTS = WRITTEN | SPOKEN | SOUNDED
SIZE = 8
SECRET = "topsecret"  # a word of captions outside of the root
Put = Callable[[Placed, str, random.Random], set[str] | None]


@dataclass(frozen=True)
class Case:
    """put: changes a copy of the data set about the picture of a key, and returns the keys that may
    be missed then, or None where that may be any."""

    layout: Layout
    kind: str
    name: str
    put: Put

    def __str__(self) -> str:
        return f"{self.layout.name}: {self.kind}: {self.name}"


def cases(layout: Layout) -> Iterator[Case]:
    """Every case that the layout has a place for."""
    for name, put in pictures.CASES.items():
        yield Case(layout, "picture", name, _picture(put))
    if layout.sound:
        for name, put in sounds.CASES.items():
            yield Case(layout, "sound", name, _sound(layout.sound, put))
    if layout.say:
        for name, lines in captions.CASES.items():
            yield Case(layout, "captions", name, _captions(layout, lines))
    for file in dict.fromkeys(filter(None, (layout.boxes, *layout.lists))):
        for name, edit in numbers.LINES.items():
            yield Case(layout, Path(file).name, name, _edited(file, edit))
    for file in layout.files:
        for name, make in (containers.BYTES | _of_kind(file)).items():
            yield Case(layout, Path(file).name, name, _made(file, make))
        for name, special in pictures.SPECIAL.items():
            yield Case(layout, Path(file).name, name, _special(file, special))
    if layout.name.startswith("coco_native"):
        for name, value in numbers.VALUES.items():
            for field in ("id", "file_name", "image_id", "caption"):
                yield Case(layout, field, name, _json_value(field, value))
    if layout.name == "places":
        for name, value in numbers.VALUES.items():
            for field in ("image", "wav", "asr_text"):
                yield Case(layout, field, name, _item_value(field, value))
    if layout.name == "cub_s2igan":
        for name, make in containers.ARRAYS.items():
            yield Case(layout, "frames", name, _frames(make))
    if layout.name in ("folder_jsonl", "hub"):
        for name, value in numbers.VALUES.items():
            for field in ("file_name", "text", "label", "split", "captions"):
                yield Case(layout, field, name, _row_value(layout, field, value))
    if layout.name in ("folder_text", "stamps"):
        for name, stem in names.CASES.items():
            yield Case(layout, "name", name, _renamed(stem))


def run(case: Case, placed: Placed, seed: int) -> Outcome:
    """Put the case and see what comes of it; the copy is removed."""
    draw = random.Random(f"{case}{seed}")
    key = draw.choice(sorted(placed.pictures))
    made = containers.sentinel()
    assert not made.exists(), f"{made} is in the way"
    try:
        missed = case.put(placed, key, draw)
        outcome = attempt(lambda: prepare(placed))
        fault = _fault(outcome, placed, missed)
        if made.exists():
            made.rmdir()
            fault = "code was executed"
        return (
            Outcome("failed", fault, outcome.found, outcome.megabytes, outcome.seconds)
            if fault
            else outcome
        )
    finally:
        shutil.rmtree(placed.root.parent)
        for path in Path("/tmp").glob(pictures.outside("*").name):
            path.unlink()


def prepare(placed: Placed) -> dict[str, Any]:
    """Read the data set as a run does, and say what was kept and what was counted."""
    sys.modules["datasets"] = None  # type: ignore[assignment]  # its threads do not live in a fork
    warnings.simplefilter("error")
    os.fsync = lambda file: None  # a trial has no power to lose, and hundreds wait for the disk
    reader = placed.layout.opened(placed.root)
    data = open_dataset(reader, SIZE, placed.root.parent / "cache", quiet=True, workers=1)
    splits = (data.train, data.test)
    heard = _listened(reader, data.records())
    shown = [image for split in splits for image in np.asarray(split.images)]
    secret = np.array(pictures.SECRET, np.uint8)
    return {
        "keys": [key for split in splits for key in split.keys],
        "read": data.report["read"],
        "dropped": data.report["dropped"] + data.report["captions_dropped"],
        "reasons": data.report["reasons"] | data.report["caption_reasons"],
        "records": data.report["dropped"],
        "secret": heard
        or (data.vocabulary is not None and SECRET in data.vocabulary.words)
        or any((image == secret).all(-1).any() for image in shown),
        "summary": data.summary,
    }


def _listened(reader: Any, records: Sequence[Any]) -> bool:
    """Open what there is of recordings and sounds; whether a file outside of the root was among
    it."""
    root, outside = Path(getattr(reader, "root", "") or ""), False
    for record in records:
        for number in range(len(record.more.get("speech", ()))):
            try:
                found = reader.recording(record, number)
            except BadInput as reason:
                assert str(reason).isprintable(), reason
                continue
            if isinstance(found, Path):
                outside = outside or not found.resolve().is_relative_to(root.resolve())
            else:
                assert found is None or (found.shape[1] == 40 and np.isfinite(found).all())
        try:
            path = reader.sound(record) if "sound" in has_of(reader) else None
            if path is not None:
                outside = outside or not path.resolve().is_relative_to(root.resolve())
                read_wave(path, 8000, 0.1)
        except BadInput as reason:
            assert str(reason).isprintable(), reason
    return outside


def _fault(outcome: Outcome, placed: Placed, missed: set[str] | None) -> str:
    """What is wrong with an outcome; empty where all is well."""
    if outcome.kind == "failed":
        return outcome.message
    if outcome.found is None:
        return ""
    kept, found = set(outcome.found["keys"]), outcome.found
    if found["secret"]:
        return "a file outside of the root was read"
    if not found["summary"].isprintable():
        return f"not a line: {found['summary']!r}"
    if len(kept) + found["records"] != found["read"] or len(kept) != len(found["keys"]):
        return f"{len(kept)} kept and {found['records']} dropped of {found['read']}"
    lost = set(placed.pictures) - kept
    if missed is not None and lost - missed:
        return f"lost, and not because of the case: {sorted(lost - missed)[:3]}"
    if missed is not None and len(lost) > found["records"] + len(kept - set(placed.pictures)):
        return f"{len(lost)} pictures are lost and {found['records']} counted"
    return ""


def _of_kind(file: str) -> dict[str, containers.Make]:
    suffix = Path(file).suffix
    if suffix == ".txt" or suffix == ".mat":
        return {}
    return {
        ".json": containers.JSON,
        ".jsonl": containers.ROWS,
        ".csv": containers.CSV,
        ".pickle": containers.PICKLES,
    }[suffix]


def _picture(put: pictures.Put) -> Put:
    def put_picture(placed: Placed, key: str, draw: random.Random) -> set[str]:
        put(placed.picture(key), draw)
        return {key}

    return put_picture


def _sound(where: Callable[[str], str], put: sounds.Put) -> Put:
    """Nobody loses a picture for its sound: a run that hears counts it."""

    def put_sound(placed: Placed, key: str, draw: random.Random) -> set[str]:
        put(placed.root / where(key), draw)
        return set()

    return put_sound


def _captions(layout: Layout, lines: captions.Lines) -> Put:
    def put_captions(placed: Placed, key: str, draw: random.Random) -> set[str]:
        assert layout.say
        layout.say(placed.root, key, lines(draw))
        return {key}

    return put_captions


def _edited(file: str, edit: numbers.Edit) -> Put:
    def put_lines(placed: Placed, key: str, draw: random.Random) -> None:
        path = placed.root / file
        lines = path.read_bytes().splitlines()
        replace(path, b"\n".join(edit(lines, draw.randrange(len(lines)), draw)))

    return put_lines


def _made(file: str, make: containers.Make) -> Put:
    def put_file(placed: Placed, key: str, draw: random.Random) -> None:
        path = placed.root / file
        replace(path, make(path.read_bytes(), draw))

    return put_file


def _special(file: str, put: pictures.Put) -> Put:
    def put_file(placed: Placed, key: str, draw: random.Random) -> None:
        put(placed.root / file, draw)

    return put_file


def _json_value(field: str, value: bytes) -> Put:
    def put_value(placed: Placed, key: str, draw: random.Random) -> None:
        path = placed.root / draw.choice(placed.layout.files)
        content = json.loads(path.read_bytes())
        entry = draw.choice(content["images" if field in ("id", "file_name") else "annotations"])
        entry[field] = "@@"
        replace(path, json.dumps(content).encode().replace(b'"@@"', value))

    return put_value


def _item_value(field: str, value: bytes) -> Put:
    def put_value(placed: Placed, key: str, draw: random.Random) -> None:
        path = placed.root / draw.choice(placed.layout.files)
        content = json.loads(path.read_bytes())
        draw.choice(content["data"])[field] = "@@"
        replace(path, json.dumps(content).encode().replace(b'"@@"', value))

    return put_value


def _frames(make: containers.Make) -> Put:
    """Nobody loses a picture for its frames."""

    def put_frames(placed: Placed, key: str, draw: random.Random) -> set[str]:
        path = placed.root / MELS / f"{key}.npy"
        replace(path, make(path.read_bytes(), draw))
        return set()

    return put_frames


def _row_value(layout: Layout, field: str, value: bytes) -> Put:
    def put_value(placed: Placed, key: str, draw: random.Random) -> set[str]:
        path = placed.root / layout.files[0]
        lines = path.read_bytes().splitlines()
        row = {"file_name": f"{key}.png", "text": "one more", field: "@@"}
        replace(path, b"\n".join([*lines, json.dumps(row).encode().replace(b'"@@"', value)]))
        return {key}

    return put_value


def _renamed(stem: str) -> Put:
    def put_name(placed: Placed, key: str, draw: random.Random) -> set[str]:
        folder = placed.picture(key).parent
        for suffix in (".png", ".txt"):
            path = folder / (Path(key).name + suffix)
            path.rename(folder / (stem + suffix))
        return {key}

    return put_name


ALL = [case for layout in LAYOUTS.values() for case in cases(layout)]
