"""Kinds of values in files that others wrote: a kind says whether a value can be used."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

Kind = Callable[[Any], bool]
# Of runs, groups and options: what may stand in a path, in a table and on a command line.
NAME = re.compile(r"[\w./@+=:, -]{1,300}")


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
