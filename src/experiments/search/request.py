"""What a study asks its search for: `search:` of its file and `search.*` of the command line,
checked without Optuna.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

from experiments.config.compose import choices, plain
from experiments.config.key import key_of, top_of, values
from experiments.config.override import checked_compose, parse_sweep, text
from experiments.file.kind import is_whole
from experiments.launch.ready import require_weights
from experiments.metric.meaning import better, plain_names
from experiments.metric.names import label
from experiments.run.prerequisite import plan
from experiments.run.reader import reader_of
from experiments.search.space import Choice, Space, number, samples, space_of
from experiments.study.job import Study
from experiments.study.sweep import read
from experiments.terminal.error import UserError, suggest

Direction = Literal["maximize", "minimize"]
KEYS = ("score", "direction", "trials", "space", "pruner", "sampler")
PRUNER, SAMPLER = ("startup", "warmup", "below", "above"), ("name", "startup", "seed")
DIRECTIONS, SAMPLERS = get_args(Direction), ("tpe", "random")
# Groups whose values cannot change a score.
WITHOUT_EFFECT = ("study", "budget", "paths", "launch", "tracker", "hydra", "trainer.keep")


@dataclass(frozen=True)
class Search:
    """A search, checked.

    direction: maximize or minimize. trials: that there are to be in the end, those that fail or are
    pruned included. base: overrides of every trial. pruner: of None, nothing is stopped early.
    """

    study: Study
    score: str
    direction: Direction
    trials: int
    space: Space
    base: list[str]
    pruner: Mapping[str, Any] | None = field(default_factory=dict)
    sampler: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.study.title}-{self.study.budget}" if self.study.budget else self.study.title

    @property
    def identity(self) -> dict[str, str]:
        """What makes two trials comparable: nobody may change it between two starts."""
        space = {f"space.{key}": str(part) for key, part in self.space.items()}
        rest = {
            key: value
            for key, value in values(self.base).items()
            if not any(
                key == name or key.startswith((f"{name}.", f"{name}/")) for name in WITHOUT_EFFECT
            )
        }
        return {"score": self.score, "direction": self.direction, **space, **rest}

    def overrides(self, settings: Mapping[str, str]) -> list[str]:
        """Of the run that has these values."""
        return [*self.base, *(f"{key}={value}" for key, value in settings.items())]

    def command(self, settings: Mapping[str, str]) -> str:
        """The command line that makes this run again, alone."""
        ours = ("study=", "budget=", "tracker.group=")
        words = [item for item in self.overrides(settings) if not item.startswith(ours)]
        return shlex.join(["python", "run.py", *words])


def search_of(study: Study, overrides: list[str]) -> Search:
    """The search of a study, with what the command line changes of it.

    Raises `UserError` with a line for each mistake.
    """
    file = f"sweeps/{study.name}.yaml: search"
    problems: list[str] = []
    if not isinstance(study.search, Mapping):
        raise UserError(f"{file}: must have keys: {', '.join(KEYS)}")
    budget = (read(str(study.name)).get("budgets") or {}).get(study.budget) or {}
    content = _with_given(study, budget, overrides)
    problems += [
        f"{key}: no such key{suggest(str(key), list(KEYS))}" for key in content if key not in KEYS
    ]
    space = space_of(content.get("space"), problems)
    space, base = _placed(study, space, budget, overrides, problems)
    score, direction = str(content.get("score")), content.get("direction")
    if content.get("score") is None:
        problems.append("score: is missing; name one of scores.json, as attribute_accuracy/colour")
    else:
        wrong = _score(score)
        better_is = {"higher": "maximize", "lower": "minimize"}
        direction = direction or better_is.get(better(score) or "")
        if direction is None and not wrong:
            wrong = [f"direction: say whether to maximize or to minimize {score}"]
        elif direction is not None and direction not in DIRECTIONS:
            wrong.append(f"direction={direction}: choose one of {', '.join(DIRECTIONS)}")
        problems += wrong
    trials = content.get("trials")
    if isinstance(trials, bool) or not isinstance(trials, int) or trials < 1:
        problems.append(f"trials={text(trials)}: must be a whole number from 1")
    pruner, sampler = content.get("pruner", {}), content.get("sampler") or {}
    problems += _options("pruner", pruner or {}, PRUNER, ("below", "above"))
    problems += _options("sampler", sampler, SAMPLER, ("name",))
    if isinstance(pruner, Mapping):
        low, high = (number(pruner.get(key)) for key in ("below", "above"))
        if low is not None and high is not None and low > high:
            problems.append(f"pruner: below={low:g} and above={high:g} give everything up")
    if problems:
        raise UserError("\n".join(f"{file}.{line}" for line in dict.fromkeys(problems)))
    return Search(
        study, score, cast(Direction, direction), int(trials or 0), space, base, pruner, sampler
    )


def check(search: Search) -> Path:
    """See that every end of the space is a run that could start; the folder of the search.

    Raises `UserError` with a line for each mistake.
    """
    problems: list[str] = []
    outputs = Path()
    for place, settings in enumerate(samples(search.space)):
        try:
            config = checked_compose(overrides := search.overrides(settings))
            resolved = plain(config)
            if resolved["task"] != "train":
                raise UserError(f"task={resolved['task']}: a search trains; leave task away")
            if not resolved.get("metric"):
                raise UserError(f"search.score={search.score}: the run has no metric to score it")
            if place == 0:
                outputs = Path(resolved["paths"]["outputs"])
                reader_of(resolved).check()
                require_weights(plan(resolved, choices(config), overrides))
        except UserError as error:
            problems += str(error).splitlines()
    if problems:
        raise UserError("\n".join(dict.fromkeys(problems)))
    return outputs / "study" / search.title


def _with_given(study: Study, budget: Mapping[str, Any], overrides: list[str]) -> dict[str, Any]:
    """The search of the file with what the budget and then the command line replace in it:
    `search.trials=40`, `search.pruner=null`, `search.pruner.startup=8`, ..."""
    content: dict[str, Any] = dict(study.search)
    given = {key: value for key, value in budget.items() if key.startswith("search.")}
    for item in parse_sweep(overrides):
        key = str(item.key_or_group)
        if key == "search" or (item.is_sweep_override() and key.startswith("search.")):
            raise UserError(f"{item.input_line}: give one value, as search.trials=40")
        if key.startswith("search."):
            given[key] = item.value()
    for key, value in given.items():
        first, *rest = key.split(".")[1:]
        if len(rest) > 1 or first == "space":
            raise UserError(f"{key}: cannot be given here; name the key of the space itself")
        old = content.get(first) or {}
        content[first] = {**old, rest[0]: value} if rest and isinstance(old, Mapping) else value
    return content


def _placed(
    study: Study, space: Space, budget: Mapping[str, Any], overrides: list[str], problems: list[str]
) -> tuple[Space, list[str]]:
    """The space with what the budget and the command line say of its keys, and all other overrides.

    A value takes a key out of the space; a range or a list of a budget replaces the one it had.
    """
    seeds = {job.settings.get("seed") for job in study.jobs}
    for key in [*study.varied, *(["seeds"] if len(seeds) > 1 else [])]:
        if key not in space:
            problems.append(f"space: must hold all that varies; {key} has several values as well")
    for key in read(str(study.name)).get("fixed") or {}:
        if key in space:
            problems.append(f"space.{key}: is in `fixed` as well")
    space = dict(space)
    said = {str(item.key_or_group): item for item in parse_sweep(overrides)}
    for key, value in budget.items():
        if key not in space or key in said:
            continue
        if isinstance(value, Mapping | list):
            space |= space_of({key: value}, problems)
        else:
            del space[key]
    for key, item in said.items():
        if key in space and not item.is_sweep_override():
            del space[key]
        elif key in space:
            space[key] = Choice(tuple(str(value) for value in item.sweep_string_iterator()))
    keys = ("search", *space)
    base = [
        item
        for item in study.jobs[0].overrides
        if top_of(item) != "search" and key_of(item) not in keys
    ]
    return space, base


def _score(score: str) -> list[str]:
    if label(score) == score:
        return [f"score={score}: no such score; README.md and the scores.json of a run have them"]
    if not plain_names([score]):
        return [f"score={score}: does not tell one run from another; name the score itself"]
    return []


def _options(name: str, content: Any, allowed: tuple[str, ...], free: tuple[str, ...]) -> list[str]:
    """Lines for options that there are not, or that are no whole numbers where they must be."""
    if not isinstance(content, Mapping):
        return [f"{name}={content}: must have keys: {', '.join(allowed)}"]
    problems = []
    for key, value in content.items():
        if key not in allowed:
            problems.append(f"{name}.{key}: no such key{suggest(str(key), list(allowed))}")
        elif key == "name" and value not in SAMPLERS:
            problems.append(f"{name}.name={value}: choose one of {', '.join(SAMPLERS)}")
        elif key in ("below", "above") and number(value) is None:
            problems.append(f"{name}.{key}={value}: must be a number")
        elif key not in free and not is_whole(value):
            problems.append(f"{name}.{key}={value}: must be a whole number from 0")
    return problems
