"""One run from its folder to its scores; what it builds on comes first."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from experiments.config.build import build
from experiments.data.store.held_out import hold_out
from experiments.file.whole import write_json, write_text
from experiments.machine.rank import Ranks
from experiments.run import brought, checkpoint
from experiments.run import folder as files
from experiments.run.change import ANEW, BELOW, tell_changes
from experiments.run.fact import facts_of
from experiments.run.folder import FRESH
from experiments.run.fresh import BEFORE, COMMAND, begin, begun_by, restarted, token
from experiments.run.given import as_given
from experiments.run.lock import run_lock
from experiments.run.prerequisite import Run, require_judges, tell_kept
from experiments.run.pretrained import GROUPS, without_pretrained
from experiments.run.provenance import write_provenance
from experiments.run.reference import referenced
from experiments.run.shipped import tell_shipped
from experiments.run.stats import StatsFile
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Interrupt, Stopped
from experiments.terminal.line import near, number_of, say
from experiments.terminal.secret import scrub
from experiments.tracker.agent import arm_name
from experiments.tracker.artifact import log_weights, use_prerequisites
from experiments.tracker.look import looks
from experiments.tracker.memory import begin_again
from experiments.tracker.place import backends_of, name_of
from experiments.tracker.tracker import Tracker, start
from experiments.trainer.assemble import Assembled, assemble, open_data, usable_by
from experiments.trainer.dry import require_fit
from experiments.trainer.finished import show_scores
from experiments.trainer.given import require_given
from experiments.trainer.headline import headline, tell_times
from experiments.trainer.loop import fit
from experiments.trainer.minima import Minima
from experiments.trainer.observer import Observer
from experiments.trainer.scaling import told
from experiments.trainer.streaming import require_served
from experiments.trainer.training import Training


def train_with_prerequisites(
    run: Run, ranks: Ranks, wanted_by: str | None = None, wait: bool = False
) -> None:
    """Train what is missing, in order; `wait` for a folder that another process holds.

    Raises `Stopped` where the user stopped it.
    """
    require_optimisers(run)
    fresh = bool(run.config.get("fresh")) and wanted_by is None and not restarted(os.environ)
    command = os.environ.get(COMMAND) or token(run.overrides)
    if fresh and ranks.any(begun_by(run.folder, command) and not run.finished):
        say(
            f"fresh: {run.folder} goes on, as this command began it; given again once it is "
            f"finished, it begins anew (at once where you remove {FRESH} there)"
        )
        fresh = False
    missing = [n for n in run.prerequisites.values() if isinstance(n, Run) and not n.finished]
    if fresh or not files.has_weights(run.folder):
        with as_given(run):
            require_given(run)
            require_fit(run.config)
    if fresh or missing:
        rehearse(run, ranks)
    if fresh:
        require_judges(run.prerequisites)
        begin_anew(run, ranks, command)
    train_missing(run.prerequisites, ranks, run.name)
    wait = wait or wanted_by is not None
    with run_lock(run.folder, wait) if ranks.main else nullcontext():
        ranks.wait()
        # Another job may have trained it while this one waited.
        if not ranks.any(run.finished):
            train_run(run, ranks, wanted_by)
        ranks.wait()
    if ranks.main:
        show_scores(run, brief=wanted_by is not None)


def begin_anew(run: Run, ranks: Ranks, command: str) -> None:
    """What the run has so far moves aside, before anything else is done. Raises `UserError` where
    another process trains it."""
    if ranks.main:
        with run_lock(run.folder):
            users = referenced(Path(run.config["paths"]["outputs"])).get(run.folder.resolve())
            if users:
                are = "is" if len(users) == 1 else "are"
                say(
                    f"fresh: {number_of(len(users), 'run')} {are} built on {run.folder} "
                    f"({users[0].parent.name}/{users[0].name}"
                    f"{' and others' if len(users) > 1 else ''}) and will read its old weights "
                    f"from {run.folder.parent / BEFORE}"
                )
            place = begin(run.folder, command)
        if place is not None:
            begin_again(place, run.folder)
            say(f"fresh: what {run.folder} held is in {near(place.resolve())}")
    ranks.wait()


def require_optimisers(run: Run) -> None:
    """Build those of a run, and of all that is trained before it, before any data are prepared: a
    rate below zero is no reason to draw thousands of birds. Raises `UserError`."""
    for path, need in run.prerequisites.items():
        if isinstance(need, Run) and not need.finished:
            try:
                require_optimisers(need)
            except UserError as error:
                raise UserError(f"{path}.pretrained: {error}") from None
    with as_given(run):
        build(run.config["optim"], None, "optim")


def rehearse(run: Run, ranks: Ranks) -> None:
    """Build everything once before hours go into what it builds on, or what there is moves aside.
    Raises `UserError`."""
    config = without_pretrained(run.config, *GROUPS, "system")
    dataset = open_data(config, ranks, run.folder)
    facts = facts_of(dataset)
    with as_given(run):
        system = build(config["system"], facts)
    require_served(config, system, dataset.store)
    dataset = usable_by(system, dataset, ranks)
    if config["trainer"].get("keep_best") is not None:
        hold_out(dataset)
    with as_given(run):
        build(config.get("metric"), facts, "metric")
    if dataset.store != "stream":  # it alone may serve a run and not what that builds on
        return
    for path, need in run.prerequisites.items():
        if isinstance(need, Run) and not need.finished:
            try:
                rehearse(need, ranks)
            except UserError as error:
                raise UserError(f"{path}.pretrained: {error}") from None


def train_missing(needs: dict[str, Run | Path], ranks: Ranks, wanted_by: str) -> None:
    """Train those prerequisites that are not finished, and what they build on themselves."""
    tell_shipped(needs)
    for path, need in needs.items():
        if isinstance(need, Run) and not ranks.any(need.finished):
            why = f" ({need.because})" if need.because else ""
            say(f"{path} needs {need.name}: training it first, in {need.folder}{why}")
            train_with_prerequisites(need, ranks, wanted_by)
        else:
            tell_kept(need, path)


def train_run(run: Run, ranks: Ranks, wanted_by: str | None = None) -> None:
    """Train one run from where it stands to its end, and score it. Raises `Stopped` where the user
    stopped it, once it has saved."""
    with as_given(run):
        made = assemble(run, ranks)
    with Interrupt() as interrupt:
        _train(run, ranks, made, interrupt, wanted_by)


def _train(
    run: Run, ranks: Ranks, made: Assembled, interrupt: Interrupt, wanted_by: str | None
) -> None:
    training = made.training
    if training.images:
        kept = f"it goes on with the new code from {number_of(training.images, 'image', ',')}"
        tell_changes(run.folder, kept, BELOW if wanted_by else ANEW)
    tracker = prepare_folder(run, made.facts, training, wanted_by)
    if ranks.main:
        tracker.catch_up(StatsFile.read(run.folder / "stats.jsonl"))
    minima = None
    if (phase := run.config["trainer"].get("minima")) is not None:
        minima = Minima(run, training.system, training.exported, str(phase))
        if ranks.main:
            minima.begin(training.images)
    observer = Observer(
        run, ranks, training.system, made.dataset, tracker, made.scorer, made.best, minima
    )
    try:
        if made.best is not None:
            made.best.begin(training.images, training.ema)
        observer.real_grid()
        say(headline(run, training, made.threads))
        training.system.train()
        began = time.perf_counter()
        if not fit(training, made.numerics, observer, interrupt):
            raise Stopped(interrupt.number)
        if left_out := told(training.scalings.items()):
            say(f"{run.name}: {left_out}")
        if ranks.main:
            checkpoint.save_weights(run.folder, training.images, **training.exported())
        trained = time.perf_counter()
        observer.evaluate(training.images, training.ema)
        tell_times(run, trained - began, time.perf_counter() - trained)
        if made.best is not None:
            made.best.told()
        log_weights(tracker, run)
    except Stopped:
        say(f"saved in {run.folder}; the same command goes on from there")
        if ranks.main and wanted_by is None:
            for look in looks(run.folder)[1:]:
                say(look)
        raise
    finally:
        tracker.finish()
        ranks.accelerator.free_memory()


def prepare_folder(
    run: Run, facts: dict[str, Any], training: Training, wanted_by: str | None = None
) -> Tracker:
    """Configuration, facts, environment and lineage into the folder; the tracker on rank 0.

    wanted_by: the run that this one is trained for first, if any.
    """
    ranks, images = training.ranks, training.images
    if not ranks.main:
        return Tracker([])
    folder, tracker = run.folder, run.config["tracker"]
    files.sweep(folder)
    if (text := training.system.text_model) is not None:
        write_text(folder / files.TOKENISER, text.tokeniser)
    write_json(folder / files.FACTS, facts)
    built_on = {p: str(n.folder if isinstance(n, Run) else n) for p, n in run.prerequisites.items()}
    about = {
        "id": run.id,
        "choices": run.choices,
        "overrides": run.overrides,
        "built_on": built_on,
        "stores": sorted(name for view in training.batches.views for name in view.stores),
        "machine": {
            "processes": ranks.processes,
            "threads": torch.get_num_threads(),
            "device": ranks.device.type,
            "precision": str(training.precision).removeprefix("torch."),
            "comm_hook": run.config["launch"]["comm_hook"] if ranks.processes > 1 else None,
        },
        **brought.record(),
    }
    write_json(folder / files.RUN, scrub(about))
    write_provenance(folder, run.config, images)
    StatsFile(folder / "stats.jsonl").truncate_after(images)
    started = start(
        backends_of(tracker),
        folder,
        tracker["project"],
        run.id,
        _name_of(run, wanted_by),
        tracker["group"],
        run.choices["model"],
        [*tracker["tags"], *(["prerequisite"] if wanted_by else [])],
        run.config | {"built_on": built_on},
        tracker["mode"],
        entity=tracker.get("entity"),
        choices=run.choices,
        trackio_dir=Path(run.config["paths"]["outputs"]) / "trackio",
        images=images,
        agent=wanted_by is None,
        artifacts=tracker["artifacts"],
    )
    use_prerequisites(started, run)
    return started


def _name_of(run: Run, wanted_by: str | None) -> str:
    """What trackers call a run: as it was asked for by name, or as an arm. A prerequisite has its
    own name, and so has a job of a study, whose arms would all have the same one."""
    given, own = run.config["tracker"]["name"], f"{run.name}-{run.id}"
    if wanted_by is not None:
        return str(given or own)
    asked = given if os.environ.get(COMMAND) else name_of(given)
    return str(asked or arm_name() or own)
