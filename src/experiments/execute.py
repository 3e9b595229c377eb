"""One run from its folder to its scores; what it builds on comes first."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from experiments import checkpoint
from experiments.config import build
from experiments.data.batches import Batches
from experiments.data.captions import CaptionFeatures
from experiments.data.dataset import Dataset, open_dataset
from experiments.errors import UserError
from experiments.identity import run_lock
from experiments.interrupt import Interrupt
from experiments.machine import precision, set_up
from experiments.metric.extractor import hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.table import format_table
from experiments.observe import Observer
from experiments.prerequisite import Run, plan, with_paths
from experiments.provenance import write_provenance
from experiments.ranks import Ranks
from experiments.seeding import mix
from experiments.stats import StatsFile
from experiments.system.base import System
from experiments.terminal import say, show
from experiments.tracking import Tracker, start
from experiments.train import Training, fit


def execute(config: dict[str, Any], chosen: dict[str, str], overrides: list[str]) -> None:
    """Train the run of a configuration, or evaluate one that is there."""
    set_up(config["launch"], int(os.environ.get("WORLD_SIZE", 1)))
    ranks = Ranks(config["launch"]["device"])
    with Interrupt() as interrupt:
        if config["task"] == "evaluate":
            from experiments.evaluate import evaluate_run

            evaluate_run(config, overrides, ranks)
        else:
            train_with_prerequisites(plan(config, chosen), ranks, interrupt)


def finished(run: Run) -> bool:
    """Whether the run has seen all its images and was scored."""
    newest = checkpoint.checkpoints(run.folder)
    scores = run.folder / "scores.json"
    goal = int(run.config["trainer"]["images"])
    if not newest or checkpoint.images_of(newest[0]) < goal or not scores.is_file():
        return False
    return int(json.loads(scores.read_text())["images"]) >= goal


def train_with_prerequisites(
    run: Run, ranks: Ranks, interrupt: Interrupt, wanted_by: str | None = None
) -> bool:
    """Train what is missing, in order; False where the user stopped it."""
    if finished(run):
        if wanted_by is None:
            say(f"{run.folder} is finished; raise trainer.images to train on")
            show_scores(run)
        return True
    for path, need in run.prerequisites.items():
        if isinstance(need, Run) and not finished(need):
            say(f"{path} needs {need.name}: training it first, in {need.folder}")
            if not train_with_prerequisites(need, ranks, interrupt, wanted_by=run.name):
                return False
    lock = run_lock(run.folder, wait=wanted_by is not None) if ranks.main else nullcontext()
    with lock:
        ranks.wait()
        if finished(run):
            return True
        done = train_run(run, ranks, interrupt)
        ranks.wait()
    if not done:
        say(f"saved in {run.folder}; the same command goes on from there")
        return False
    show_scores(run, brief=wanted_by is not None)
    return True


def train_run(run: Run, ranks: Ranks, interrupt: Interrupt) -> bool:
    """Train one run from where it stands; False where the user stopped it."""
    config = with_paths(run)
    dataset = open_data(config, ranks)
    facts = facts_of(dataset)
    torch.manual_seed(mix(int(config["seed"]), "build"))
    system: System = build(config["system"], facts).to(ranks.device)
    if config["trainer"]["channels_last"]:
        system.to(memory_format=torch.channels_last)
    trainer = config["trainer"]
    batches = Batches(
        dataset.train,
        int(trainer["batch"]),
        int(config["seed"]),
        system.resolutions[-1],
        system.mismatch,  # type: ignore[arg-type]
        ranks.rank,
        ranks.processes,
        caption_features(system, dataset, ranks),
        bool(config["data"]["flip"]),
    )
    dtype = precision(trainer["precision"], ranks.device)
    training = Training(run, ranks, system, batches, build(config["optim"]), dtype)
    scorer = build(config["metric"], facts)
    training.resume_or_initialise()
    tracker = prepare_folder(run, config, facts, training.images, ranks)
    observer = Observer(run, ranks, system, dataset, tracker, scorer)
    try:
        observer.real_grid()
        say(_headline(run, training, dtype))
        system.train()
        done = fit(training, observer, interrupt)
        if done:
            observer.evaluate(training.images, training.ema)
        return done
    finally:
        tracker.finish()


def open_data(config: dict[str, Any], ranks: Ranks) -> Dataset:
    """The data set at the size that the run's largest stage needs; said once."""
    data = config["data"]
    image_size = image_size_of(config)
    dataset = open_dataset(
        build(data["reader"]),
        int(image_size * float(data["margin"])),
        Path(config["paths"]["cache"]),
        int(data["max_words"]),
        quiet=not ranks.main,
    )
    say(dataset.summary)
    return dataset


def image_size_of(config: dict[str, Any]) -> int:
    """Side of the largest pictures that a system is given."""
    system = config["system"]
    return int(system.get("image_size") or config["generator"]["resolutions"][-1])


def facts_of(dataset: Dataset) -> dict[str, Any]:
    """What the data decide about networks, and what a trained run must know of its data."""
    sizes = {name: len(values) for name, values in dataset.attribute_values.items()}
    return {
        "vocabulary_size": len(dataset.vocabulary),
        "vocabulary_hash": dataset.vocabulary.hash,
        "attribute_values": sizes or None,
        "num_classes": None if sizes else len(dataset.class_names),
        "data": dataset.fingerprint,
        "words": dataset.vocabulary.words,
    }


def caption_features(system: System, dataset: Dataset, ranks: Ranks) -> CaptionFeatures | None:
    """Captions encoded once, where the system's text encoder never changes."""
    encode = system.frozen_text()
    if encode is None:
        return None
    owner = getattr(encode, "__self__", system)
    cache = dataset.folder
    return CaptionFeatures.open(
        dataset.train, encode, hash_weights(owner), cache, ranks.device, quiet=not ranks.main
    )


def prepare_folder(
    run: Run, config: dict[str, Any], facts: dict[str, Any], images: int, ranks: Ranks
) -> Tracker:
    """Configuration, facts, environment and lineage into the folder; the tracker on rank 0."""
    if not ranks.main:
        return Tracker([])
    folder, tracker = run.folder, config["tracker"]
    known = folder / checkpoint.FACTS
    if known.is_file() and json.loads(known.read_text())["data"] != facts["data"] and images:
        raise UserError(
            f"{folder}: was trained on other data than data.root holds now; restore them, or move "
            "the folder away to start again"
        )
    _write(known, facts)
    _write(folder / checkpoint.CONFIG, {"config": config, "choices": run.choices})
    lineage = {p: str(n.folder if isinstance(n, Run) else n) for p, n in run.prerequisites.items()}
    _write(folder / "lineage.json", lineage)
    write_provenance(folder, config)
    StatsFile(folder / "stats.jsonl").truncate_after(images)
    return start(
        tracker["backend"],
        folder,
        tracker["project"],
        run.id,
        f"{run.name}-{run.id}",
        tracker["group"],
        run.choices["model"],
        tracker["tags"],
        config,
        tracker["mode"],
        choices=run.choices,
        trackio_dir=Path(config["paths"]["outputs"]) / "trackio",
        images=images,
    )


def show_scores(run: Run, brief: bool = False) -> None:
    """The scores of a finished run as a table, and where everything is; one line with `brief`."""
    content = json.loads((run.folder / "scores.json").read_text())
    if brief:
        shown = {k: v for k, v in content["scores"].items() if k.endswith("/real")}
        main = {k: v for k, v in shown.items() if "r_precision" in k or "/mean" in k or "/colour" in k}
        scores = ", ".join(f"{name} {value:.3f}" for name, value in main.items())
        say(f"{run.name} is trained: {scores}")
        return
    show(format_table(content["scores"], Protocol(**content["protocol"]), content["skipped"]))
    show(f"pictures: {run.folder / 'samples'}\nscores:   {run.folder / 'scores.json'}")
    show(f"tracked:  {tracked(run.folder)}")


def tracked(folder: Path) -> str:
    """Where the tracked run is, and how an offline one reaches the server."""
    offline = sorted((folder / "wandb").glob("offline-run-*"))
    if offline:
        return f"{offline[-1]} (offline; `wandb sync` it to upload)"
    return str(folder / "stats.jsonl")


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(partial, path)


def _headline(run: Run, training: Training, dtype: torch.dtype) -> str:
    counts = {
        name: sum(p.numel() for p in module.parameters()) / 1e6
        for name, module in training.system.named_children()
    }
    sizes = ", ".join(f"{name} {count:.2f} M" for name, count in counts.items())
    start = f"from {training.images} images" if training.images else "from the start"
    return (
        f"{run.name} {run.id}: {start} to {run.config['trainer']['images']} images, batch "
        f"{training.batch}, {str(dtype).removeprefix('torch.')}, {training.ranks.processes} x "
        f"{training.ranks.device.type}; parameters: {sizes}"
    )
