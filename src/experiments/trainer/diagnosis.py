"""What is known of a loss or a gradient that was not finite: `<run>/diagnosis/images-*.json`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from experiments.file.whole import write_json
from experiments.run.folder import by_images
from experiments.terminal.line import number_of, say
from experiments.trainer.recorder import Record
from experiments.trainer.training import Training

PARTS = ("loss", "gradient_norm")  # which follow from the other terms


@dataclass(frozen=True)
class Failure:
    """The first update that was not finite, as all processes together know it."""

    phase: str
    images: int  # seen before it
    batch_at: int  # `Batches.at` of this is its batch
    records: dict[str, Record]  # of every phase: its first bad update, or else its last

    @property
    def terms(self) -> list[str]:
        """What was not finite, with the phase: causes where there are any, not what follows."""
        record = self.records.get(self.phase)
        if record is None or record.finite:
            return [f"{self.phase}/weights"]
        bad = [name for name, value in record.terms.items() if not math.isfinite(value)]
        if not math.isfinite(record.gradient_norm):
            bad.append("gradient_norm")
        return [f"{self.phase}/{n}" for n in [n for n in bad if n not in PARTS] or bad]

    def __str__(self) -> str:
        kinds = {"gradient_norm": "gradient", "weights": "weight"}
        kind = kinds.get(self.terms[0].rpartition("/")[2], "loss") if self.terms else "loss"
        names = ", ".join(self.terms) or self.phase
        return (
            f"a {kind} is not finite in the step after {number_of(self.images, 'image')} ({names})"
        )


def find(training: Training) -> Failure:
    """The first failure that the recorders hold; all processes call this together."""
    from accelerate.utils import gather_object

    own = {turn.phase.name: turn.recorder.read() for turn in training.turns}
    everywhere = gather_object([own])
    records = {}
    for name in own:
        found = [record for part in everywhere if (record := part[name]) is not None]
        if found:
            records[name] = _joined(found)
    failed = [name for name, record in records.items() if not record.finite]
    if not failed:
        return _of_weights(training, records)
    first = min(failed, key=lambda name: records[name].images)  # in the order of the step
    images = records[first].images
    return Failure(first, images, images + training.passed_over, records)


def _of_weights(training: Training, records: dict[str, Record]) -> Failure:
    """All updates were finite, and what the last of them made of the weights is not."""
    phases = [
        turn.phase.name
        for turn in training.turns
        if training.ranks.any(not bool(turn.weights_finite))
    ]
    images = training.images - training.batch
    return Failure(phases[0], images, images + training.passed_over, records)


def write(training: Training, failure: Failure, done: str) -> Path:
    """Write what is known; all processes call this together, before anything is put right.

    done: what the run does about it. A disk that is full costs the file alone.
    """
    folder = training.run.folder
    path = path_of(training, failure)
    rows = _batch(training, failure.batch_at)
    if not training.ranks.main:
        return path
    good, state = by_images(folder, "checkpoints"), training.system.state_dict()
    trained = {turn.phase.name: turn.phase.modules for turn in training.turns}
    content = {
        "images": failure.images,
        "noticed_at": training.images,
        "phase": failure.phase,
        "not_finite": failure.terms,
        "done": done,
        "last_checkpoint": str(good[0].relative_to(folder)) if good else None,
        "seed": training.seed,
        "batch_at": failure.batch_at,
        "precision": str(training.precision).removeprefix("torch."),
        "phases": {name: _record(record) for name, record in failure.records.items()},
        "learning_rates": {
            turn.phase.name: turn.settings.rate(failure.images) for turn in training.turns
        },
        # Those of now: an update that was made from what is not finite has spoilt them.
        "weight_norms": {name: _norm(modules) for name, modules in trained.items()},
        "spoilt": [name for name, tensor in state.items() if not _whole(tensor)],
        "batch": rows,
    }
    try:
        write_json(path, content)
    except OSError as error:  # what it is about is told in any case
        say(f"{path}: could not be written ({error.strerror})")
    return path


def path_of(training: Training, failure: Failure) -> Path:
    """Where the diagnosis of a failure lies."""
    return training.run.folder / "diagnosis" / f"images-{failure.batch_at:010d}.json"


def _joined(records: list[Record]) -> Record:
    """One record of all processes: the earliest failure, each of its numbers a mean."""
    failed = [record for record in records if not record.finite]
    images = min((r.images for r in failed), default=max(r.images for r in records))
    same = [record for record in failed or records if record.images == images]
    terms = {name: _mean(r.terms.get(name, math.nan) for r in same) for name in same[0].terms}
    return Record(images, not failed, _mean(r.gradient_norm for r in same), terms)


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers)


def _record(record: Record) -> dict[str, Any]:
    return {
        "images": record.images,
        "finite": record.finite,
        "gradient_norm": _plain(record.gradient_norm),
        "terms": {name: _plain(value) for name, value in record.terms.items()},
    }


def _batch(training: Training, batch_at: int) -> list[dict[str, Any]]:
    """The records of all processes, in their order, and what each view says of its own."""
    batch, batches = training.batches.at(batch_at), training.batches
    told = {view.name: view.told(batch.views[view.name]) for view in batches.views}
    columns = [batch.rows, *(column for part in told.values() for column in part.values())]
    found = training.ranks.gather(torch.stack(columns, dim=1).to(training.ranks.device)).tolist()
    records = []
    for row, *numbers in found:
        record, left = {"key": batches.split.keys[row], "row": row}, iter(numbers)
        for view in batches.views:
            record |= view.explained({name: next(left) for name in told[view.name]})
        records.append(record)
    return records


def _whole(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(tensor.isfinite().all())


def _norm(modules: Iterable[nn.Module]) -> float | None:
    weights = [p.detach().double() for module in modules for p in module.parameters()]
    return _plain(torch.nn.utils.get_total_norm(weights).item())


def _plain(number: float) -> float | None:
    return number if math.isfinite(number) else None
