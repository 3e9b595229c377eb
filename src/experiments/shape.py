"""What the files of a run folder hold: checked when they are read, whoever wrote them.

A kind says whether a value can be used. Keys that are not named here are left alone, so that files
of older and of newer versions are read as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

Kind = Callable[[Any], bool]
# Of runs, groups and options: what may stand in a path, in a table and on a command line.
NAME = re.compile(r"[\w./@+=:, -]{1,300}")
READS = ("words", "characters", "wordpieces")
MOST_WORDS = 10_000  # of a caption


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_name(value: Any) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def is_whole(value: Any) -> bool:
    """A count: not negative."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_positive(value: Any) -> bool:
    return is_whole(value) and value > 0


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_finite(value: Any) -> bool:
    return is_number(value) and math.isfinite(value)


def is_mapping(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def is_inside(value: Any) -> bool:
    """The path of a file below some folder."""
    return is_name(value) and value[0] != "/" and ".." not in value.split("/")


def optional(kind: Kind) -> Kind:
    """None as well."""
    return lambda value: value is None or kind(value)


def listed(kind: Kind) -> Kind:
    """A list whose items are of a kind."""
    return lambda value: isinstance(value, list) and all(map(kind, value))


def mapped(kind: Kind) -> Kind:
    """A dictionary of names whose values are of a kind."""

    def fits(value: Any) -> bool:
        return (
            isinstance(value, dict) and all(map(is_name, value)) and all(map(kind, value.values()))
        )

    return fits


def shaped(kinds: Mapping[str, Kind], *needed: str) -> Kind:
    """A dictionary whose keys, where it has them, are of their kinds; the needed ones are there."""
    return lambda value: is_mapping(value) and _first(value, kinds, needed) is None


_SPLITS = shaped({"train": is_whole, "test": is_whole}, "train", "test")
_COUNTS = shaped(
    {
        "kept": _SPLITS,
        "classes": _SPLITS,
        "captions": is_whole,
        "dropped": is_whole,
    },
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
            "paths": optional(mapped(is_text)),
        }
        | {name: optional(kind) for name, kind in _PARTS.items()},
        ("system",),
    ),
    "run.json": (
        {
            "id": is_name,
            "choices": mapped(lambda value: value is None or is_name(value) or _names(value)),
            "overrides": listed(is_text),
            "built_on": optional(mapped(is_text)),
            "converted": optional(
                mapped(shaped({"file": is_text, "sha256": is_name}, "file", "sha256"))
            ),
            "machine": optional(is_mapping),
        },
        ("id", "choices", "overrides"),
    ),
    "facts.json": (
        {
            "vocabulary_size": is_whole,
            "vocabulary_hash": optional(is_text),
            "words": listed(is_text),
            "reads": lambda value: value in READS,
            "attribute_values": optional(mapped(is_whole)),
            "num_classes": optional(is_whole),
            "local_attributes": listed(is_text),
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
    "failure.json": ({"reason": is_text}, ("reason",)),
    "captions.json": ({"captions": listed(is_text)}, ("captions",)),
    "export.json": (
        {
            "format": is_whole,
            "images": is_whole,
            "id": optional(is_name),
            "model": optional(is_name),
            "data": optional(is_name),
            "birdsong": is_text,
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
    if fault is None and file == "config.yaml" and not _targets_are_names(content):
        fault = "_target_ is not what belongs there"
    return fault


def _first(
    content: Mapping[str, Any], kinds: Mapping[str, Kind], needed: tuple[str, ...]
) -> str | None:
    for key in needed:
        if key not in content:
            return f"{key} is missing"
    for key, kind in kinds.items():
        if key in content and not kind(content[key]):
            return f"{key} is not what belongs there"
    return None


def _names(value: Any) -> bool:
    return listed(is_name)(value)


def _targets_are_names(node: Any) -> bool:
    if isinstance(node, dict):
        known = is_name(node["_target_"]) if "_target_" in node else True
        return known and all(map(_targets_are_names, node.values()))
    return not isinstance(node, list) or all(map(_targets_are_names, node))
