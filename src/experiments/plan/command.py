"""`python run.py task=plan`: a run and what it builds on, each planned, and told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from experiments.plan.estimate import Machine, Planned, largest, pace
from experiments.plan.facts import facts_of
from experiments.plan.kept import Steps
from experiments.run.prerequisite import Run, plan
from experiments.run.shipped import tell_shipped
from experiments.terminal.line import say, show
from experiments.terminal.progress import Progress

Asked = tuple[dict[str, Any], dict[str, str], list[str]]
STEPS = 5  # about as many as a run takes on paper
FIRST = 5.0  # s between two lines of progress


def show_plan(config: dict[str, Any], chosen: dict[str, str], overrides: list[str]) -> None:
    """Print the plan of a configuration's run, after the runs that it builds on."""
    from experiments.plan.page import page

    rows = _rows([(config, plan(config, chosen, overrides))], config["plan"])
    _show(rows, config["plan"], page(rows, config["plan"]))


def show_study(title: str, jobs: Sequence[Asked]) -> None:
    """Print what the runs of a study take: each with its configuration, options and overrides."""
    from experiments.plan.page import study_page

    options = jobs[0][0]["plan"]
    rows = _rows([(job[0], plan(*job)) for job in jobs], options)
    _show(rows, options, study_page(title, rows, options))


def _show(rows: Sequence[Planned], options: dict[str, Any], page: str) -> None:
    if options["json"]:
        page = json.dumps({"assumed": options, "runs": [asdict(row) for row in rows]})
    show(page)


def _rows(jobs: Sequence[tuple[dict[str, Any], Run]], options: dict[str, Any]) -> list[Planned]:
    """Each run behind those that it builds on, and each once."""
    seen: set[str] = set()
    runs = [(path, need, config) for config, run in jobs for path, need in needed(run, None, seen)]
    for _, run in jobs:
        tell_shipped(run.prerequisites)
    rows = []
    with Progress(len(runs) * STEPS, unit="steps on paper", interval=FIRST) as bar:
        for place, (path, run, config) in enumerate(runs):
            wanted = f", for {path}" if path else ""
            because = f" ({run.because})" if run.because else ""
            say(f"planning {place + 1} of {len(runs)}: {run.name}{wanted}{because}")
            steps = Steps(run, facts_of(config), partial(bar.add, 1))
            rows.append(planned(steps, options, path))
            bar.update((place + 1) * STEPS)
    return rows


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


def planned(steps: Steps, options: dict[str, Any], wanted_by: str | None = None) -> Planned:
    """One run. A GPU has `trainer.batch` images in a step, however many GPUs there are, or its part
    where `launch.num_processes` shares them out."""
    run, about = steps.run, steps.about
    trainer = run.config["trainer"]
    machine = Machine.of(options, about.precision)
    share = int(trainer["batch"]) // int(run.config["launch"]["num_processes"])
    one = steps.step(share)
    most, activations = largest(steps.step, one, about.accumulate, machine.memory)
    found = {1: one} | steps.among(share, options["gpus"])
    steps.keep()
    return Planned(
        run.name,
        wanted_by,
        run.finished,
        int(trainer["images"]),
        steps.facts,
        about.accumulate,
        about.parameters,
        about.trained,
        about.held,
        about.precision,
        activations * about.accumulate,
        one,
        most,
        about.disk,
        [pace(found[n], int(trainer["images"]), machine) for n in options["gpus"]],
        "clips" if about.clips else "images",
        steps.stores,
    )
