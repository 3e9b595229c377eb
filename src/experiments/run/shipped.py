"""Networks that come with Birdsong, in `shipped/` beside the modules: exports, as anybody writes.

shipped/judge/<data>/<name>   judges of pictures, the same for everybody: scores that they give can
                              be compared between machines. A node that asks for one (`shipped`)
                              takes the one that fits it, in place of a run that would be trained
                              first: those of `metric`, and the encoder of some experiments
shipped/model/<name>          what draws without any training: run=<name>

A judge fits where its network is the one that the node asks for, and where it was trained on the
very birds that the run has: the same species, of which the same are kept for the test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from experiments.config.key import value_at
from experiments.data.store.fingerprint import data_set, read_as
from experiments.file.digest import sha256
from experiments.run import folder as files
from experiments.run.identity import ADDED
from experiments.run.reader import reader_of
from experiments.run.shipped_model import SHIPPED
from experiments.terminal.line import say_once

JUDGES = SHIPPED / "judge"
SPEC = "shipped"  # the key of `pretrained` that lets a judge stand in: true or false
# What must be the same in the run that a node asks for and in the one that a judge was.
SAME = ("encoder", "loss", "seed", "system.image_size", "system.split", "data.margin")


def judge_for(config: Mapping[str, Any], spec: Mapping[str, Any], path: str) -> Path | str:
    """The judge that stands in for a run which the node at `path` asks for by `spec`; else why none
    does, empty where nobody expects one. `config`: of that run."""
    if not spec.get(SPEC):
        return ""
    birds = _birds(config)
    if birds is None:  # other data than those that judges come for
        return ""
    why = ""
    name = path.rpartition(".")[2]
    for folder in sorted(_judges(str(spec["model"])), key=lambda one: one.name != name):
        fault = _difference(config, spec, birds, folder)
        if fault is None:
            return folder
        why = why or f"the {spec['model']} that comes with Birdsong {fault}"
    return why


def is_shipped(place: Path) -> bool:
    """Whether a folder is one of those that come with Birdsong."""
    return place.resolve().is_relative_to(SHIPPED)


def tell_shipped(needs: Mapping[str, Any]) -> None:
    """A line for the networks that stand in for runs, of scores and of others. `needs`: by the
    path of the node that asks a run to be, or a folder."""
    found = [path for path, need in needs.items() if isinstance(need, Path) and is_shipped(need)]
    scores = [path for path in found if path.startswith("metric.")]
    others = [path for path in found if path not in scores]
    for paths, own in ((others, f".pretrained.{SPEC}=false"), (scores, "=train")):
        if paths:
            say_once(
                f"{' and '.join(paths)}: what comes with Birdsong, the same for everybody; "
                f"{paths[-1]}{own} makes your own"
            )


def judged_by(modules: Mapping[str, Any]) -> dict[str, str]:
    """For a protocol: of each network by its name where its weights are from, the sha256 of the
    file where they come with Birdsong, else the run."""
    found = {}
    for name, module in modules.items():
        origin = getattr(module, "came_from", None)
        if origin is None or origin.file is None:
            continue
        place = files.folder_of(origin.file)
        if is_shipped(place):
            found[f"{name} is"] = f"what comes with Birdsong, sha256 {sha256(origin.file)}"
        else:
            about = files.run_about(place)
            chosen = about["choices"]
            told = f"{chosen.get('model')}-{chosen.get('data')}/{about['id']}"
            found[f"{name} is"] = f"{told}, of {files.reached(place)} images"
    return found


def _judges(model: str) -> Iterator[Path]:
    """Those that were trained by a recipe."""
    for about in sorted(JUDGES.glob(f"*/*/{files.EXPORT}")):
        if files.export_about(about.parent).get("model") == model:
            yield about.parent


def _birds(config: Mapping[str, Any]) -> str | None:
    """Which invented birds a run's data are; None where they are something else."""
    told = getattr(reader_of(config), "birds", None)
    return None if told is None else str(told())


def _difference(
    config: Mapping[str, Any], spec: Mapping[str, Any], birds: str, folder: Path
) -> str | None:
    """Why a judge does not fit, in words that follow its name; None where it does."""
    theirs, facts = files.run_config(folder), files.run_facts(folder)
    for key in SAME:
        found = _unlike(value_at(theirs, key), value_at(config, key), key)
        if found is not None:
            return found
    said = files.run_about(folder)["overrides"]
    for override in spec.get("overrides", []):
        if override not in said:
            return f"was not trained with {override}"
    known = _birds(theirs)
    if known != birds:
        return f"knows other birds ({known}; these are {birds})"
    reader = reader_of(theirs)
    now = data_set(reader.name, reader.fingerprint(), read_as(reader, theirs["data"].get("limit")))
    if now != facts.get("data"):
        return "was trained on birds that another version drew"
    own = reader_of(config)
    sizes = {name: len(values) for name, values in own.attribute_values().items()}
    if sizes != facts.get("attribute_values"):
        return "reads other attributes"
    return None


def _unlike(theirs: Any, ours: Any, key: str) -> str | None:
    """The first value of a key, or below it, that differs."""
    if not (isinstance(theirs, Mapping) and isinstance(ours, Mapping)):
        return None if theirs == ours else f"has {key}={theirs}, and {ours} is asked for"
    for name in dict.fromkeys([*theirs, *ours]):
        if name != "pretrained":
            before = ADDED.get(f"{key}.{name}")  # of a setting that came later
            found = _unlike(theirs.get(name, before), ours.get(name, before), f"{key}.{name}")
            if found is not None:
                return found
    return None
