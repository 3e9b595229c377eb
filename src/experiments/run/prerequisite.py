"""Runs that other runs build on: found where they are finished, trained first where they are not.

A node of the configuration asks with `pretrained: {model: damsm, overrides: [...]}`; the rest of
the node becomes the `encoder` of that run, or its `generator` where it stands in that group, and
its data are the same. A path asks for that folder. What stands inside such a node comes with it.
A node of `discriminator` asks for the run that the node of `generator` at its place is built on.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from experiments.config.check import check
from experiments.config.compose import choices, plain
from experiments.config.key import without
from experiments.config.override import checked_compose
from experiments.run import folder as files
from experiments.run.change import BELOW, changes, tell_changes
from experiments.run.identity import run_id
from experiments.run.judge import judges
from experiments.run.pretrained import (
    GROUPS,
    IN_CHECKPOINT,
    JUDGES,
    _pretrained_nodes,
    _stripped,
    role,
    without_unneeded,
)
from experiments.run.same import with_known_name
from experiments.run.shipped import judge_for
from experiments.run.state import outputs_of, run_named
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

ALWAYS = ("model", "data")  # of the run that a node asks for; its own overrides follow
METRIC = "experiments/metric/"  # what scores a run, and has no part in its weights
SHARED = ("data", "launch", "paths", "tracker")
WHOLE = {"train_share": 1.0, "share_seed": 0, "filter": None}  # of the data that judges see


@dataclass(frozen=True)
class Run:
    """One run to be: its resolved configuration, its folder, and the runs it builds on."""

    config: dict[str, Any]
    choices: dict[str, str]
    folder: Path
    id: str
    prerequisites: dict[str, Run | Path]
    overrides: list[str]
    because: str = ""  # why no judge that comes with Birdsong stands in for it

    @property
    def name(self) -> str:
        return f"{self.choices['model']}-{self.choices['data']}"

    @property
    def goal(self) -> int:
        """Images at its end: `trainer.images`, rounded up to whole batches."""
        trainer = self.config["trainer"]
        return -(-int(trainer["images"]) // int(trainer["batch"])) * int(trainer["batch"])

    @property
    def finished(self) -> bool:
        """Whether it has seen all its images and was scored, if it is to be scored at all, and no
        file of its folder is damaged: those are written anew when it goes on."""
        if files.reached(self.folder) < self.goal:
            return False
        try:
            scores = files.run_scores(self.folder)
        except UserError:  # damaged: it is scored again
            scores = None
        if self.config.get("metric") and not (scores and scores["images"] >= self.goal):
            return False
        return files.is_whole(self.folder)


def plan(config: dict[str, Any], chosen: dict[str, str], overrides: list[str]) -> Run:
    """Where a configuration's run lives. Prerequisites are planned, nothing is trained."""

    def folder_of(named: dict[str, Any]) -> Path:
        return _plan(named, chosen, overrides).folder

    config = without_unneeded(config)
    return _plan(with_known_name(config, chosen["data"], folder_of), chosen, overrides)


def _plan(config: dict[str, Any], chosen: dict[str, str], overrides: list[str]) -> Run:
    needs = plan_prerequisites(config, chosen, GROUPS)
    built_on = {path: _name(need) for path, need in needs.items() if not path.startswith("metric")}
    key = run_id(config, built_on)
    place = Path(config["paths"]["outputs"]) / f"{chosen['model']}-{chosen['data']}" / key
    if not files.has_weights(place):  # else they are in its own checkpoint
        require_judges({path: need for path, need in needs.items() if isinstance(need, Path)})
    return Run(config, chosen, place, key, needs, without(overrides, "fresh"))


def plan_prerequisites(
    config: Mapping[str, Any], chosen: dict[str, str], groups: tuple[str, ...]
) -> dict[str, Run | Path]:
    """By the path of the node that asks: the run to be, or the folder that was given."""
    needs: dict[str, Run | Path] = {}
    for path, node in _pretrained_nodes(config, groups):
        spec = node["pretrained"]
        if isinstance(spec, str):
            needs[path] = _given(path, run_named(spec, outputs_of(config), f"{path}.pretrained="))
        elif role(path) == "discriminator":
            needs[path] = _of_same_run(path, needs)
        else:
            run = _plan_prerequisite(config, chosen, path, node)
            found = judge_for(run.config, spec, path)
            needs[path] = found if isinstance(found, Path) else replace(run, because=found)
    if "generator" in needs and isinstance(needs.get("encoder"), Run):
        del needs["encoder"]  # to come after it
        needs["encoder"] = needs["generator"]  # the one that it was trained with
    for path, need in needs.items():
        if role(path) == "generator" and isinstance(need, Path):
            _require_encoder(path, need, needs.get("encoder"))
    return needs


def _of_same_run(path: str, needs: Mapping[str, Run | Path]) -> Run | Path:
    """What the generator is built on, for the discriminators that were trained with it."""
    theirs = path.replace("discriminator", "generator", 1)
    if theirs not in needs:
        raise UserError(f"{path}.pretrained: comes of the run of {theirs}.pretrained; give that")
    return needs[theirs]


def _require_encoder(path: str, place: Path, ours: Run | Path | None) -> None:
    """Raise `UserError` where a generator was trained with another encoder than it is to get."""
    if ours is None:
        return
    own = str((files.run_about(place).get("built_on") or {}).get("encoder", place))
    here = ours.folder if isinstance(ours, Run) else ours
    known = ours.id if isinstance(ours, Run) else _id(ours)
    if known not in (_id(Path(own)), _id(place)):
        raise UserError(
            f"{path}.pretrained={place}: was trained with the encoder of {own}, and "
            f"encoder.pretrained is {here}; add encoder.pretrained={own}"
        )


def _id(place: Path) -> str:
    """Of a run, from its name where it is no longer there."""
    about = place / files.RUN
    return str(files.run_about(place)["id"]) if about.is_file() else place.name


def below(run: Run) -> list[Path]:
    """The folders of all runs that a run builds on, and of what these do."""
    found: list[Path] = []
    for need in run.prerequisites.values():
        found += [need] if isinstance(need, Path) else [need.folder, *below(need)]
    return found


def _name(need: Run | Path) -> str:
    """The same for a run that is found and for its folder given by hand."""
    if isinstance(need, Run):
        return f"{need.id}@{need.goal}"
    return f"{files.run_about(need)['id']}@{files.reached(need)}"


def _given(path: str, place: Path) -> Path:
    if not (place / files.RUN).is_file():
        raise UserError(f"{path}.pretrained={place}: is not the folder of a run")
    if not files.finished_weights(place):
        raise UserError(f"{path}.pretrained={place}: is not trained to its end; run it again first")
    return place


def require_judges(needs: Mapping[str, Run | Path]) -> None:
    """Raise `UserError` where a run that begins is to get discriminators that nobody has."""
    for path, need in needs.items():
        place, images = (need.folder, need.goal) if isinstance(need, Run) else (need, 0)
        if role(path) == "discriminator" and (reached := files.reached(place)) >= images:
            judges(path, place, images or reached)


def _plan_prerequisite(
    parent: Mapping[str, Any], chosen: dict[str, str], path: str, node: Mapping[str, Any]
) -> Run:
    spec = node["pretrained"]
    always = zip(ALWAYS, (spec["model"], chosen["data"]), strict=True)
    overrides = [*(f"{key}={value}" for key, value in always), *spec.get("overrides", [])]
    try:
        cfg = checked_compose(overrides)
    except UserError as error:
        raise _of(path, str(error).splitlines()) from None
    OmegaConf.set_struct(cfg, False)
    for group in SHARED:
        cfg[group] = copy.deepcopy(parent[group])
    if path.startswith(JUDGES):  # one judge for every share of the data
        for key, whole in WHOLE.items():
            if key in cfg.data:
                cfg.data[key] = whole
    cfg.tracker.name = None  # it is no arm of the study that it is trained for
    group = role(path)
    cfg[group] = {key: value for key, value in node.items() if key != "pretrained"}
    if group == "generator":
        if cfg.get("encoder") is not None:  # both are told by the same one
            cfg.encoder = copy.deepcopy(parent["encoder"])
        judges = dict(_pretrained_nodes(parent, ("discriminator",)))
        if (same := path.replace("generator", "discriminator", 1)) in judges:
            own = judges[same].items()
            cfg.discriminator = {key: value for key, value in own if key != "pretrained"}
        if "text_features" in parent["trainer"]:  # both read the same ones
            cfg.trainer.text_features = parent["trainer"]["text_features"]
        scores = parent.get("metric")
        own = cfg.get("metric")
        if scores is None or own is None or scores["_target_"] == own["_target_"]:
            cfg.metric = copy.deepcopy(scores)  # one judge for both
    else:
        cfg.encoder.pretrained = None
    if problems := check(cfg):  # with what it takes of the run that asks for it
        raise _of(path, problems)
    for key in ("precision", "deterministic", "nonfinite", "skips", "rollbacks"):
        if key in parent["trainer"]:  # of an older version it may not be
            cfg.trainer[key] = parent["trainer"][key]
    return plan(plain(cfg), choices(cfg) | {"data": chosen["data"]}, overrides)


def tell_found(run: Run, kept: str) -> None:
    """A line for the run that was asked for, and for each that it builds on, whose code changed
    since it was trained. `kept`: what becomes of the first."""
    found = changes(run.folder)
    if found and all(name.startswith(METRIC) for name in found):
        kept = f"{kept}, and task=evaluate run={run.id} scores it again"
    tell_changes(run.folder, kept)
    for path, need in run.prerequisites.items():
        tell_kept(need, path)


def tell_kept(need: Run | Path, path: str | None = None) -> None:
    """The same for a finished run that another builds on, and for those below it. `path`: of the
    node of the command's own run that asks for it, if one does."""
    anew = BELOW
    if isinstance(need, Path):
        tell_changes(need, "its weights are taken as they are", f"{path}.pretrained names it")
        return
    if path is not None:
        own = ",".join([*need.overrides[len(ALWAYS) :], "variant=NAME"])
        anew = f"{path}.pretrained.overrides=[{own}] trains another"
    tell_changes(need.folder, "its finished weights are taken", anew)
    for below in need.prerequisites.values():
        tell_kept(below)


def _of(path: str, problems: list[str]) -> UserError:
    """What is wrong with the run that a node asks for."""
    return UserError("\n".join(f"{path}.pretrained: {problem}" for problem in problems))


def with_paths(
    config: Mapping[str, Any], needs: Mapping[str, Run | Path], folder: Path | None = None
) -> dict[str, Any]:
    """The configuration with the weights of each prerequisite where it was asked for. `folder`: of
    the run that is to be trained. If it goes on, it needs no file of discriminators any more, since
    that is a checkpoint, which a run that is trained on removes.

    `system` repeats the groups that it is made of, so its nodes are filled in as well.
    """
    filled: dict[str, Any] = copy.deepcopy(dict(config))
    goes_on = folder is not None and files.has_weights(folder)
    for path, node in _pretrained_nodes(filled, GROUPS):
        if path in needs:
            own = goes_on and role(path) == "discriminator"
            weights = IN_CHECKPOINT if own else str(weights_of(path, needs[path]))
            node.update(_stripped(node), pretrained=weights)
    for group in ("encoder", "generator", "discriminator"):
        if filled.get("system", {}).get(group) is not None:
            filled["system"][group] = copy.deepcopy(filled[group])
    return filled


def weights_of(path: str, need: Run | Path) -> Path:
    """The file to load: exactly as long trained as asked for where the result depends on it."""
    place = need.folder if isinstance(need, Run) else need
    newest = files.finished_weights(place)[0]
    if role(path) == "discriminator":
        images = need.goal if isinstance(need, Run) else files.reached(place)
        return judges(path, place, images)
    if isinstance(need, Path):
        return newest
    exact = files.file_at(place, "weights", need.goal)
    if exact.is_file() or path.startswith("metric"):
        return exact if exact.is_file() else newest
    raise UserError(
        f"{path}: {place} was trained on to {number_of(files.images_of(newest), 'image')} and "
        "this run asks for "
        f"{need.goal}; give {path}.pretrained={place} to build on it as it is"
    )
