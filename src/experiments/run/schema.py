"""What the files of a run folder hold: checked when they are read, whoever wrote them.

A kind says whether a value can be used. Keys that are not named here are left alone, so that files
of older and of newer versions are read as well.
"""

from __future__ import annotations

from typing import Any

from experiments.config.target import targets_in
from experiments.file.kind import (
    Kind,
    _first,
    is_finite,
    is_inside,
    is_mapping,
    is_name,
    is_number,
    is_positive,
    is_text,
    is_whole,
    listed,
    mapped,
    optional,
    shaped,
)

READS = ("words", "characters", "wordpieces", "speech")
TOKENISERS = ("unicode", "ascii")
MOST_WORDS = 10_000  # of a caption
MOST_THREADS = 4096


def is_threads(value: Any) -> bool:
    return is_positive(value) and value <= MOST_THREADS


def _prints(value: Any) -> bool:
    """Fingerprints of files that lie inside their packages."""
    return mapped(mapped(is_name))(value) and all(map(is_inside, value))


def _is_sound(value: Any) -> bool:
    """A file beside it."""
    return is_inside(value) and "/" not in value and value.endswith(".wav")


def _is_people(value: Any) -> bool:
    """What `export.people` says."""
    return value is None or (is_text(value) and value in ("none", "voices", "faces", "both"))


_SCORE = optional(is_number)


def _is_taken(value: Any) -> bool:
    """[images, score]; a score that could not be taken is null."""
    return isinstance(value, list) and len(value) == 2 and is_whole(value[0]) and _SCORE(value[1])


def _is_way(value: Any) -> bool:
    """What is made, and of which views."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and listed(is_name)(value[0])
        and is_name(value[1])
    )


_SPLITS = shaped({"train": is_whole, "test": is_whole}, "train", "test")
_COUNTS = shaped(
    {"kept": _SPLITS, "classes": _SPLITS, "captions": is_whole, "dropped": is_whole}
    | {"filter": shaped({"of": is_whole, "reasons": mapped(is_whole)}, "of", "reasons")},
    *("kept", "classes", "captions", "dropped"),
)
_PROTOCOL = shaped(
    {"n_real": is_whole, "n_fake": is_whole, "split": is_text, "crop": is_text}
    | {"resize": mapped(is_text), "weights": mapped(is_text), "extra": is_mapping}
)
_DATA = shaped(
    {
        "name": optional(is_text),
        "root": optional(is_text),
        "max_words": lambda value: is_positive(value) and value <= MOST_WORDS,
        "reader": optional(is_mapping),
    }
)
_TRAINER = shaped(
    {"images": is_whole, "batch": is_positive, "ema_halflife": optional(is_finite)},
    *("images", "batch"),
)
_VERSION = shaped({"images": is_whole, "files": _prints}, "images", "files")
_DRAWS = shaped({"resolutions": lambda value: bool(value) and listed(is_positive)(value)})
_PARTS = dict.fromkeys(("encoder", "discriminator", "style", "metric", "launch"), is_mapping)

SHAPES: dict[str, tuple[dict[str, Kind], tuple[str, ...]]] = {
    "config.yaml": (
        {
            "seed": optional(is_whole),
            "system": shaped({"generator": optional(_DRAWS), "encoder": optional(is_mapping)}),
            "generator": optional(_DRAWS),
            "trainer": optional(_TRAINER),
            "data": _DATA,
            "export": optional(shaped({"people": _is_people})),
            "paths": optional(shaped({"outputs": optional(is_text), "cache": optional(is_text)})),
        }
        | {name: optional(kind) for name, kind in _PARTS.items()},
        ("system",),
    ),
    "run.json": (
        {
            "id": is_name,
            "choices": mapped(optional(lambda value: is_name(value) or listed(is_name)(value))),
            "overrides": listed(is_text),
            "built_on": optional(mapped(is_text)),
            "searchpath": optional(listed(is_text)),
            "stores": optional(listed(is_name)),
            "converted": optional(
                mapped(shaped({"file": is_text, "sha256": is_name}, "file", "sha256"))
            ),
            "machine": optional(shaped({"threads": optional(is_threads)})),
        },
        ("id", "choices", "overrides"),
    ),
    "facts.json": (
        {
            "vocabulary_size": is_whole,
            "vocabulary_hash": optional(is_text),
            "words": listed(is_text),
            "pieces": optional(listed(is_text)),
            "text_model": optional(is_mapping),
            "reads": lambda value: value in READS,
            "tokeniser": lambda value: value in TOKENISERS,
            "attribute_values": optional(mapped(is_whole)),
            "num_classes": optional(is_whole),
            "class_count": optional(is_whole),
            "local_attributes": listed(is_text),
            "heard_attributes": listed(is_text),
            "moving_attributes": listed(is_text),
            "makes": listed(_is_way),
            "sampled_as": mapped(is_text),
            "speech": is_mapping,
            "spoken": is_mapping,
            "data": optional(is_name),
            "data_counts": optional(_COUNTS),
        },
        (),
    ),
    "scores.json": (
        {
            "images": is_whole,
            "scores": mapped(optional(is_number)),
            "protocol": _PROTOCOL,
            "skipped": mapped(is_text),
        },
        ("images", "scores"),
    ),
    "environment.json": (
        {
            "python": is_text,
            "packages": mapped(optional(is_text)),
            "gpus": optional(listed(is_text)),
            "cpu": optional(shaped({"model": optional(is_text), "count": optional(is_whole)})),
        },
        (),
    ),
    "git.json": (
        {
            "commit": optional(is_text),
            "dirty": lambda value: value is None or isinstance(value, bool),
            "diff_stat": optional(listed(is_text)),
        },
        (),
    ),
    "best.json": (
        {
            "score": is_name,
            "images": optional(is_whole),
            "value": optional(is_number),
            "held_out": shaped({"classes": listed(is_text)}),
            "history": listed(_is_taken),
        },
        ("score", "images", "value", "history"),
    ),
    "minima.json": (
        {"phase": is_name, "minima": listed(is_whole), "looked": listed(is_whole)},
        ("phase", "minima", "looked"),
    ),
    "fresh.json": ({"of": is_text}, ("of",)),
    "code.json": ({"versions": listed(_VERSION)}, ("versions",)),
    "failure.json": ({"reason": is_text}, ("reason",)),
    "captions.json": (
        {"captions": listed(is_text), "sounds": optional(listed(optional(_is_sound)))},
        ("captions",),
    ),
    "export.json": (
        {
            "format": is_whole,
            "images": is_whole,
            "id": optional(is_name),
            "model": optional(is_name),
            "data": optional(is_name),
            "birdsong": is_text,
            "parts": optional(is_name),
            "elsewhere": optional(is_mapping),
            "people": _is_people,
            "sha256": optional(lambda value: mapped(is_name)(value) and all(map(is_inside, value))),
        },
        ("images",),
    ),
}


def fault_of(file: str, content: Any) -> str | None:
    """Why the content of a file of this name cannot be used, in a few words, or None."""
    if not is_mapping(content):
        return "holds no names with values"
    kinds, needed = SHAPES[file]
    fault = _first(content, kinds, needed)
    if fault is None and file == "config.yaml" and not all(map(is_name, targets_in(content))):
        fault = "_target_ is not what belongs there"
    return fault
