"""`python run.py task=plan`: a run and what it builds on, each planned, and told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from experiments.data.record import CLIP
from experiments.plan.estimate import Machine, Planned, disk, largest, pace
from experiments.plan.facts import DataFacts, facts_of
from experiments.plan.paper import Paper
from experiments.run.prerequisite import Run, plan
from experiments.terminal.line import show


def show_plan(config: dict[str, Any], chosen: dict[str, str], overrides: list[str]) -> None:
    """Print the plan of a configuration's run, after the runs that it builds on."""
    from experiments.plan.page import page

    facts = facts_of(config)
    runs = needed(plan(config, chosen, overrides))
    rows = [planned(run, facts, config["plan"], path) for path, run in runs]
    if config["plan"]["json"]:
        show(json.dumps({"assumed": config["plan"], "runs": [asdict(row) for row in rows]}))
        return
    show(page(rows, config["plan"]))


def needed(
    run: Run, path: str | None = None, seen: set[str] | None = None
) -> Iterator[tuple[str | None, Run]]:
    """The run behind all that are trained before it, each once, with the node that asks for it."""
    seen = set() if seen is None else seen
    for inner, need in run.prerequisites.items():
        if isinstance(need, Run):
            yield from needed(need, inner, seen)
    if run.id not in seen:
        seen.add(run.id)
        yield path, run


def planned(
    run: Run, facts: DataFacts, options: dict[str, Any], wanted_by: str | None = None
) -> Planned:
    """One run. A GPU has `trainer.batch` images in a step, however many GPUs there are, or its part
    where `launch.num_processes` shares them out."""
    trainer = run.config["trainer"]
    paper = Paper(run, facts)
    machine = Machine.of(options, paper.precision)
    share = int(trainer["batch"]) // int(run.config["launch"]["num_processes"])
    one, twice = paper.step(share), paper.step(2 * share)
    found = {1: one} | paper.among(share, options["gpus"])
    return Planned(
        run.name,
        wanted_by,
        run.finished,
        int(trainer["images"]),
        facts,
        paper.accumulate,
        paper.parameters(),
        sorted(paper.trained()),
        paper.held(),
        paper.precision,
        (twice.peak - one.peak) / (share / paper.accumulate),
        one,
        largest(paper.step, one, twice, paper.accumulate, machine.memory),
        disk(facts, paper.views, run.config["data"], paper.held(), int(trainer["keep"])),
        [pace(found[n], int(trainer["images"]), machine) for n in options["gpus"]],
        "clips" if any(view.name == CLIP for view in paper.views) else "images",
    )
