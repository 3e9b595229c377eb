"""Weights and evaluations as artifacts: which run made them, and from which others.

By `tracker.artifacts=true`. An artifact is named after the run folder, whatever the tracked run is
called, and each version after the images that the weights have seen.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments.run import folder as files
from experiments.run.prerequisite import Run
from experiments.terminal.error import one_line
from experiments.tracker.place import backends_of, name_of
from experiments.tracker.tracker import Tracker, start

log = logging.getLogger(__name__)

MODEL, EVALUATION = "model", "evaluation"


def log_weights(tracker: Tracker, run: Run) -> None:
    """The weights that a run has reached, and its scores beside them."""
    if not run.config["tracker"]["artifacts"] or not tracker.backends:
        return
    with _harmless("the weights"):
        newest = files.by_images(run.folder, "weights")[0]
        scores = files.run_scores(run.folder)
        about = {"images": files.images_of(newest), "scores": scores["scores"] if scores else {}}
        tracker.log_artifact(f"{run.name}-{run.id}", MODEL, newest, [_alias(newest)], about)


def use_prerequisites(tracker: Tracker, run: Run) -> None:
    """The weights that a run builds on, in the versions that it reads."""
    if not run.config["tracker"]["artifacts"]:
        return
    for need in run.prerequisites.values():
        with _harmless("what the run builds on"):
            folder = need.folder if isinstance(need, Run) else need
            if files.is_export(folder):
                continue  # of somebody else: no run has logged it
            exact = files.file_at(folder, "weights", need.goal) if isinstance(need, Run) else None
            name = model_artifact(folder, exact if exact and exact.is_file() else None)
            tracker.use_artifact(name, MODEL)


def log_evaluation(
    options: Mapping[str, Any], outputs: Path, folder: Path, path: Path, metric: Mapping[str, Any]
) -> None:
    """The scores file of task=evaluate as a tracked run of its own that used the model's weights.

    options: the group `tracker`. folder: the run that was scored. path: the scores.
    """
    if not options["artifacts"] or not backends_of(options):
        return
    with _harmless("the evaluation"):
        about, scores = files.run_about(folder), files.read(path, files.SCORES)
        model = f"{about['choices']['model']}-{about['choices']['data']}-{about['id']}"
        tracker = start(
            backends_of(options),
            path.with_suffix(""),
            options["project"],
            f"{about['id']}-{path.stem}",
            name_of(options["name"]) or f"{model} evaluated {path.stem}",
            options["group"],
            "evaluate",
            options["tags"],
            {"metric": dict(metric), "model": model, "images": scores["images"]},
            options["mode"],
            entity=options.get("entity"),
            choices=about["choices"],
            trackio_dir=outputs / "trackio",
            agent=False,
            artifacts=True,
        )
        try:
            tracker.use_artifact(model_artifact(folder), MODEL)
            tracker.summary(scores["scores"])
            name = f"{model}-evaluation"
            tracker.log_artifact(name, EVALUATION, path, [], {"images": scores["images"]})
        finally:
            tracker.finish()


def model_artifact(folder: Path, weights: Path | None = None) -> str:
    """`<model>-<data>-<id>:images-<n>` of some weights of a run; of its newest by default."""
    about = files.run_about(folder)
    weights = weights or files.by_images(folder, "weights")[0]
    chosen = about["choices"]
    return f"{chosen['model']}-{chosen['data']}-{about['id']}:{_alias(weights)}"


def _alias(weights: Path) -> str:
    return f"images-{files.images_of(weights)}"


@contextmanager
def _harmless(what: str) -> Iterator[None]:
    """Lineage is worth a line, never a run."""
    try:
        yield
    except Exception as error:
        log.warning("%s could not be kept as an artifact: %s", what, one_line(error))
