"""What may be set of `data=digits`; whatever else is refused with its key."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from experiments.data.reader.digits.caption import Wording
from experiments.data.reader.digits.glyph import Kind
from experiments.data.reader.digits.motion import MOTIONS, Bounce
from experiments.data.reader.digits.stroke import SIDE
from experiments.terminal.error import UserError

MAX_CLIPS = 1_000_000  # keys have six digits
MAX_FRAMES, MAX_CANVAS = 256, 256
CHOICES: dict[str, tuple[object, ...]] = {
    "digits": (1, 2),
    "captions": get_args(Wording),
    "bounce": get_args(Bounce),
    "initial_direction": ("random", "positive"),
    "distinct": (True, False),
    "colour": ("grey", "digit", "both"),
    "held_out": (True, False),
    "glyphs": get_args(Kind),
}


def groups(motions: str | Sequence[str]) -> tuple[str, ...]:
    """The groups of motions, of which one may stand for itself."""
    return (motions,) if isinstance(motions, str) else tuple(motions)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise `UserError` for the first setting out of range."""
    for key, values in CHOICES.items():
        if not any(settings[key] == v and type(settings[key]) is type(v) for v in values):
            raise _wrong(key, settings[key], f"use one of {', '.join(map(str, values))}")
    limits = {
        "frames": (2, MAX_FRAMES),
        "canvas": (SIDE + 4, MAX_CANVAS),
        "train_clips": (1, MAX_CLIPS),
        "test_clips": (0, MAX_CLIPS),
        "seed": (0, 2**63 - 1),
    }
    for key, (low, high) in limits.items():
        _require_whole(key, settings[key], low, high)
    _require_whole("side", settings["side"], 4, settings["canvas"])
    _check_motions(settings)
    _check_speed(settings["speed"], settings["canvas"] - SIDE)
    rate = settings["rate"]
    if not _number(rate) or not 0 < rate <= 1000:
        raise _wrong("rate", rate, "use a number of frames a second, up to 1000")


def _check_motions(settings: Mapping[str, Any]) -> None:
    named = groups(settings["motions"])
    known = ", ".join(MOTIONS)
    if not named or len(set(named)) < len(named) or any(name not in MOTIONS for name in named):
        raise _wrong("motions", settings["motions"], f"use one or some of {known}")
    if {"axis", "directed"} <= set(named):
        raise _wrong("motions", list(named), "axis and directed say the same motions; take one")
    if settings["captions"] == "directed" and named != ("directed",):
        raise _wrong("captions", "directed", "needs data.reader.motions=directed")
    if settings["held_out"] and sum(len(MOTIONS[name]) for name in named) < 2:
        raise _wrong("held_out", True, "needs two motions or more")


def _check_speed(speed: Any, room: int) -> None:
    ends = [speed] if _number(speed) else list(speed) if isinstance(speed, Sequence) else []
    good = len(ends) in (1, 2) and all(_number(one) and 0 < one <= room for one in ends)
    if isinstance(speed, str) or not good or ends[0] > ends[-1]:
        raise _wrong("speed", speed, f"use px a frame, or [from, to], above 0 and up to {room}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _require_whole(key: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _wrong(key, value, f"use a whole number from {low} to {high}")


def _wrong(key: str, value: object, remedy: str) -> UserError:
    return UserError(f"data.reader.{key}={value!r}: {remedy}")
