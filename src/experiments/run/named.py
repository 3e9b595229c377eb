"""The run that `run=` names, for the tasks that read one; here is nothing that loads slowly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from experiments.config import outside
from experiments.config.compose import plain
from experiments.config.key import key_of, node_of, values, without
from experiments.config.override import checked_compose, parse_sweep
from experiments.run import folder as files
from experiments.run.brought import bring_folders, bring_packages
from experiments.run.pretrained import without_unneeded
from experiments.run.state import OUTPUTS, Named, files_of, named, outputs_of
from experiments.terminal.error import UserError

# What task=evaluate may change of a run; the rest is the run's.
ELSEWHERE = ("launch", "paths", "tracker")  # what the command says, not the run
OPEN = ("metric", *ELSEWHERE, "task", "run", "hydra", "data.root")


def run_of(config: Mapping[str, Any]) -> Named:
    """What `run` names, which must be a run with weights, or a state of one that there is."""
    task, run = config["task"], config["run"]
    if run is None:
        raise UserError(f"run: task={task} needs run=outputs/<model>-<data>/<id>, or the id alone")
    found = named(str(run), outputs_of(config))
    place = found.folder
    files.run_about(place)
    if not files.has_weights(place):
        raise UserError(f"run={place}: has no weights yet; train it first")
    if task == "evaluate" and files.is_export(place):
        raise UserError(f"run={place}: is an export; score the run that it was made of")
    if found.at is not None:
        files_of(found)
    return found


def with_run(overrides: list[str]) -> list[str]:
    """The overrides of a command, after those of the run that task=evaluate names: it may change
    what that run has, `data.root` of its data or `metric.captions` of its metric. Where and how
    that run was made is not taken from it, nor what it said of a node that the command fills with
    another option of its group."""
    given = values(overrides)
    if given.get("task") != "evaluate" or "run" not in given:
        return overrides
    run = next(item for item in overrides if key_of(item) == "run")
    where = next(
        (item for item in overrides if key_of(item) == "paths.outputs"), f"paths.outputs={OUTPUTS}"
    )
    place = named(_value(run), _value(where)).folder
    if files.is_export(place):  # what others wrote is no part of a command
        return overrides
    bring_folders(place)
    bring_packages(place)
    own = files.run_about(place)["overrides"]
    chosen = [f"{node_of(item)}." for item in overrides if _is_choice(item)]
    kept = [
        item
        for item in without(own, *ELSEWHERE)
        if key_of(item) not in given and not f"{node_of(item)}.".startswith(tuple(chosen))
    ]
    return [*kept, *overrides]


def _is_choice(override: str) -> bool:
    """Whether it takes an option of a group; it is not yet known to be any key at all."""
    return outside.is_group(key_of(override).partition("@")[0])


def _value(override: str) -> str:
    """What an override sets, without the quotes that it may need."""
    return str(parse_sweep([override])[0].value())


def evaluation_config(place: Path, overrides: list[str]) -> dict[str, Any]:
    """The configuration of a run with the metric that the command line makes of it. `overrides`:
    of `with_run`. Raises `UserError` for one that the run decides.
    """
    own = files.run_about(place)["overrides"]
    root = None
    for override in overrides:
        if override in own:
            continue
        name = node_of(override)
        if not any(name == key or name.startswith(f"{key}.") for key in OPEN):
            raise UserError(
                f"{override}: the run decides this; task=evaluate takes metric.*, launch.*, "
                "paths.* and data.root"
            )
        if name == "data.root":
            root = str(Path(_value(override)).expanduser())
    config = files.run_config(place)
    if root is not None:
        config["data"]["root"] = config["data"]["reader"]["root"] = root
    cfg = checked_compose(overrides)
    OmegaConf.set_struct(cfg, False)
    # The class of a reader is where it is now: a run may be from before it moved.
    config["data"]["reader"]["_target_"] = cfg.data.reader["_target_"]
    cfg.data = config["data"]  # what a run trained for another one took from that one
    if "metric" not in cfg:
        sign = "" if "~metric" in own else "+"
        raise UserError(f"run={place}: has no metric; choose one, as {sign}metric=text_to_image")
    metric = without_unneeded(plain(cfg.metric))
    return config | {"metric": metric}  # the rest may not fit data of an older run
