"""What a search tries: by key, a range of numbers or a list of values; how a value is written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.config.override import text
from experiments.terminal.error import suggest

if TYPE_CHECKING:
    from optuna.trial import Trial

DIGITS = 4  # of a number in a configuration; what the sampler proposed has sixteen
OPTIONS = ("low", "high", "log", "step")


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both among them; whole ones where both are. log: as many of
    them below ten times a number as above. step: of the grid that begins at `low`."""

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False

    def ask(self, trial: Trial, key: str) -> str:
        """What the sampler proposes, as the configuration says it."""
        if self.whole:
            low, high, step = int(self.low), int(self.high), int(self.step or 1)
            return str(trial.suggest_int(key, low, high, step=step, log=self.log))
        return rendered(trial.suggest_float(key, self.low, self.high, step=self.step, log=self.log))

    def ends(self) -> list[str]:
        """The extreme values, to see whether a run takes them."""
        return [str(int(end)) if self.whole else rendered(end) for end in (self.low, self.high)]

    def __str__(self) -> str:
        first, last = self.ends()
        step = f" in steps of {self.step:g}" if self.step else ""
        return f"{first} to {last}{step}{', logarithmic' if self.log else ''}"


@dataclass(frozen=True)
class Choice:
    """One of some values, as Hydra's grammar writes them."""

    values: tuple[str, ...]

    def ask(self, trial: Trial, key: str) -> str:
        return str(trial.suggest_categorical(key, list(self.values)))

    def ends(self) -> list[str]:
        return list(self.values)

    def __str__(self) -> str:
        return ", ".join(self.values)


Space = dict[str, Range | Choice]


def rendered(value: float) -> str:
    """A number with four digits: what a run's configuration, and so its folder, is made of."""
    return f"{value:.{DIGITS}g}"


def space_of(content: Any, problems: list[str]) -> Space:
    """The space that a file describes; a line for each thing that is wrong goes to `problems`."""
    if not isinstance(content, Mapping) or not content:
        problems.append(
            "space: must name what to search, as `loss.damsm.weight: {low: 1, high: 9}`"
        )
        return {}
    found: Space = {}
    for key, part in content.items():
        made = _part(part, wrong := list[str]())
        problems += [f"space.{key}: {line}" for line in wrong]
        if made is not None:
            found[str(key)] = made
    return found


def samples(space: Space) -> list[dict[str, str]]:
    """Settings that reach every end of the space, as few as there can be."""
    ends = {key: part.ends() for key, part in space.items()}
    count = max((len(values) for values in ends.values()), default=1)
    return [
        {key: values[place % len(values)] for key, values in ends.items()} for place in range(count)
    ]


def _part(content: Any, problems: list[str]) -> Range | Choice | None:
    if isinstance(content, list):
        values = tuple(dict.fromkeys(text(value) for value in content))
        if not values:
            problems.append("must be a list of values, or {low: ..., high: ...}")
        return Choice(values) if values else None
    if not isinstance(content, Mapping):
        problems.append(f"{text(content)}: must be a list of values, or {{low: ..., high: ...}}")
        return None
    problems += _strangers(content)
    if problems:
        return None
    low, high = number(content["low"]), number(content["high"])
    step, log = number(content.get("step")), content.get("log", False)
    if low is None or high is None:
        problems.append("low and high must be numbers")
    elif not low < high:
        problems.append(f"low must be below high, and {low:g} is not below {high:g}")
    elif not isinstance(log, bool):
        problems.append(f"log={log}: must be true or false")
    elif log and low <= 0:
        problems.append(f"log: low must be above 0, and is {low:g}")
    elif content.get("step") is not None and (step is None or not 0 < step <= high - low):
        problems.append(f"step={content['step']}: must be above 0 and fit between low and high")
    elif log and step is not None:
        problems.append("log and step exclude each other")
    else:
        given = [content[key] for key in ("low", "high", "step") if content.get(key) is not None]
        return Range(low, high, log, step, all(isinstance(value, int) for value in given))
    return None


def _strangers(content: Mapping[Any, Any]) -> Iterator[str]:
    for key in content:
        if key not in OPTIONS:
            yield f"{key}: no such key{suggest(str(key), list(OPTIONS))}"
    for key in ("low", "high"):
        if key not in content:
            yield f"{key} is missing"


def number(value: Any) -> float | None:
    """A finite number, also one that YAML takes for a text, as 2e-4; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None
