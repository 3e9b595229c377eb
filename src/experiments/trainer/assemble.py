"""What a composed configuration stands for: its data, its networks, all that is trained."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from experiments.config.build import build
from experiments.data.batches import Batches
from experiments.data.store.choice import require_store
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.held_out import hold_out
from experiments.data.store.room import keep_within
from experiments.data.store.share import with_share
from experiments.data.store.speech import speech_of
from experiments.data.text.words import recorded_tokeniser
from experiments.data.view.base import held_in, usable
from experiments.machine.core import cores
from experiments.machine.rank import Ranks, check_precision
from experiments.machine.setup import (
    compiles,
    make_deterministic,
    memory_format,
    precision,
    text_features,
)
from experiments.machine.thread import Threads, choose, recorded
from experiments.machine.told import not_used, words_of_parent
from experiments.metric.real import require_some
from experiments.metric.result import Scorer
from experiments.run import folder as files
from experiments.run.fact import counts_of, facts_of, facts_of_run
from experiments.run.prerequisite import Run, with_paths
from experiments.run.reader import reader_of
from experiments.run.weight import load_pretrained
from experiments.system.base import System
from experiments.system.seeding import mix
from experiments.terminal.error import UserError
from experiments.terminal.line import say, say_once
from experiments.trainer.best import Best
from experiments.trainer.loop import resume
from experiments.trainer.numerics import Numerics
from experiments.trainer.sifting import chosen
from experiments.trainer.streaming import require_served
from experiments.trainer.training import Known, Training


@dataclass(frozen=True)
class Assembled:
    """All that a run is trained and scored with, where it stands. `facts`: what its data decide,
    and what others will want to know of them."""

    training: Training
    numerics: Numerics
    dataset: Dataset
    facts: dict[str, Any]
    scorer: Scorer | None
    threads: Threads
    best: Best | None


def assemble(run: Run, ranks: Ranks) -> Assembled:
    """Open a run's data, build its networks and their optimisers, and load its last checkpoint.

    Raises `UserError` for what its configuration has got wrong.
    """
    threads = threads_of(run, ranks)
    threads.use()
    config = with_paths(run.config, run.prerequisites, run.folder)
    trainer = config["trainer"]
    dataset = open_data(config, ranks, run.folder)
    facts = facts_of(dataset)
    make_deterministic(bool(trainer["deterministic"]))
    torch.manual_seed(mix(int(config["seed"]), "build"))
    system = build_system(config, facts | begun_with(run), ranks)
    dataset = usable_by(system, dataset, ranks)
    held = None
    if trainer.get("keep_best") is not None:
        held = hold_out(dataset)
        dataset = held.rest
        say_once(held.summary)
    dtype = precision(trainer["precision"], ranks.device)
    optim = build(config["optim"], None, "optim")
    steps = int(trainer["images"]) // int(trainer["batch"])
    compiled = compiles(trainer["compile"], steps, ranks.device)
    features = text_features(trainer["text_features"], dtype)
    later: Any = None  # batches, of features in the type that a checkpoint was trained with
    known = Known(dataset.fingerprint, dataset.by_time, dataset.difference)
    training = Training(run, ranks, system, later, optim, dtype, known, compiled, features)
    scorer = built(config.get("metric"), facts, "metric")
    if scorer is not None:
        require_some(dataset.test)
    numerics = resume(training)
    training.batches = open_batches(config, system, dataset, ranks, training.features)
    _tell_features(training, features)
    if ranks.main:
        keep_within(Path(config["paths"]["cache"]), config["paths"].get("features"))
    check_precision(os.environ, trainer["precision"], training.precision)
    asked = int(trainer["accumulate"]), training.compiled, ranks.device.type
    for line in not_used(os.environ, words_of_parent(), *asked):
        say_once(line)
    if training.compiled:
        compile_networks(system)
    facts |= {"reads": system.reads, "data_counts": counts_of(dataset)}
    if (text := system.text_model) is not None:
        facts["text_model"] = text.told()
    if system.makes:
        facts["makes"] = [[list(asks), made] for asks, made in system.makes.items()]
    if system.sampled_as:
        facts["sampled_as"] = dict(system.sampled_as)
    if dataset.hearing is not None:
        facts["speech"] = dataset.hearing
    for view in system.views():
        facts |= view.facts(dataset)
    best = None
    if held is not None:
        assert scorer is not None, "the configuration was checked"
        best = Best(run, ranks, system, held, scorer, training.exported)
    return Assembled(training, numerics, dataset, facts, scorer, threads, best)


def begun_with(run: Run) -> dict[str, Any]:
    """What the run knows of its text model, or what the run that its encoder comes of does: the
    same commit of the Hub, whatever was written there since."""
    need = run.prerequisites.get("encoder")
    for place in (run.folder, need.folder if isinstance(need, Run) else need):
        with suppress(UserError):  # it is new, or its `facts.json` is damaged
            if place is not None and (facts := facts_of_run(place)).get("text_model"):
                return {"text_model": facts["text_model"]}
    return {}


def threads_of(run: Run, ranks: Ranks) -> Threads:
    """As many as it began with, where it has begun and nothing else is asked for."""
    before = None
    with suppress(UserError):  # it is new, or its `run.json` is damaged
        before = recorded(files.run_about(run.folder), ranks.processes)
    given, here = run.config["launch"]["threads"], cores()
    if given is None and before is not None and before > here:
        say(
            f"{run.name}: began with {before} threads and goes on with them, on {here} cores; "
            f"launch.threads={here} is faster and rounds otherwise"
        )
    return choose(given, before)


def built(node: Any, facts: dict[str, Any] | None = None, path: str = "") -> Any:
    """`build`, for nodes that ask for the weights of finished runs."""
    return build(node, facts, path, load_pretrained)


def open_data(config: dict[str, Any], ranks: Ranks, folder: Path | None = None) -> Dataset:
    """The data set at the size that the run's largest stage needs; said once. `folder`: of a run
    that may have begun, whose captions are read as it began to read them."""
    data, before = config["data"], None
    with suppress(UserError):  # it is new, or its `facts.json` is damaged
        before = None if folder is None else files.run_facts(folder)
    side = image_size_of(config)
    opened = partial(
        open_dataset,
        reader_of(config),
        None if side is None else int(side * float(data["margin"])),
        Path(config["paths"]["cache"]),
        int(data["max_words"]),
        quiet=not ranks.main,
        limit=data.get("limit"),
        min_count=int(data.get("min_count", 1)),
        store=store_of(data.get("store"), before, folder),
    )
    dataset = opened()
    if data.get("store") is not None and not dataset.size:
        say_once("data.store: no pictures are kept here; clips and sounds have stores of their own")
    words = dataset.vocabulary
    if before and words is not None and before.get("vocabulary_hash") not in (None, words.hash):
        tokeniser = recorded_tokeniser(before)
        if tokeniser != words.tokeniser:
            dataset = opened(tokeniser=tokeniser)
    dataset = chosen(dataset, config, ranks)
    dataset = with_share(dataset, float(data.get("train_share", 1)), int(data.get("share_seed", 0)))
    say_once(dataset.summary)
    return replace(dataset, flip=bool(data["flip"]), speech=speech_of(data))


def store_of(asked: str | None, before: dict[str, Any] | None, folder: Path | None) -> str | None:
    """How a run's pictures are kept: as it began, since JPEG is not quite the same pictures, and
    shards have an order of their own. `before`: its facts, where it has begun. Raises `UserError`
    where another store is asked for."""
    require_store(asked)
    if before is None:
        return asked
    began = str(before.get("store", "pixels"))
    if asked not in (None, began):
        raise UserError(
            f"data.store={asked}: {folder} began with data.store={began}; leave it away to go on, "
            "or fresh=true begins anew"
        )
    return began


def image_size_of(config: dict[str, Any]) -> int | None:
    """Side of the largest pictures that a system is given, None where it is given none."""
    resolutions = (config.get("generator") or {}).get("resolutions") or [None]
    side = config["system"].get("image_size") or resolutions[-1]
    return None if side is None else int(side)


def build_system(config: dict[str, Any], facts: dict[str, Any], ranks: Ranks) -> System:
    """The networks of a configuration on the device, as `trainer` wants them laid out."""
    system: System = built(config["system"], facts).to(ranks.device)
    layout = memory_format(config["trainer"]["channels_last"], ranks.device)
    return system.to(memory_format=layout)  # type: ignore[call-overload, no-any-return]


def compile_networks(system: System) -> None:
    """Compile what the phases call, in place: names of weights stay, and so do checkpoints.

    Each as one graph, or not at all: one that falls into parts loses most of what it gains. The
    averaged copies are not compiled: they see batches of many sizes, and rarely. The compiler is
    told here whether `make_deterministic` wants the same bits, and not to cut graphs into the
    buckets of several processes: a network is the same graph with any number of them.
    """
    torch._dynamo.config.optimize_ddp = False
    torch.use_deterministic_algorithms(torch.are_deterministic_algorithms_enabled(), warn_only=True)
    for network in system.compiled():
        network.compile(fullgraph=True)


def open_batches(
    config: dict[str, Any],
    system: System,
    dataset: Dataset,
    ranks: Ranks,
    features: torch.dtype = torch.float32,
) -> Batches:
    """This process's batches of the split that the system is trained on, of what it asks for.
    `features`: the type of what frozen networks make. Raises `UserError` for what the store of
    pictures does not serve."""
    require_served(config, system, dataset.store)
    split = dataset.train if system.trained_on == "train" else dataset.test
    views = [
        view.open(dataset, split, ranks.device, quiet=not ranks.main)
        for view in held_in(system.views(), features)
    ]
    return Batches(
        split,
        int(config["trainer"]["batch"]),
        int(config["seed"]),
        views,
        ranks.rank,
        ranks.processes,
        system.sampling,
    )


def _tell_features(training: Training, now: torch.dtype) -> None:
    """That a run began with other text features than it would begin with now."""
    stored = any(view.precision is not None for view in training.batches.views)
    if training.features != now and stored:
        began, now_name = (str(dtype).removeprefix("torch.") for dtype in (training.features, now))
        say(
            f"{training.run.folder}: began with text features in {began} and goes on with them; a "
            f"run that begins now has {now_name} (trainer.text_features)"
        )


def usable_by(system: System, dataset: Dataset, ranks: Ranks) -> Dataset:
    """The data set without the records that a view of the system cannot use; said where that is
    another one: what a view adds to the line of the data is said without that line."""
    found = usable(dataset, system.views(), quiet=not ranks.main)
    if found is not dataset:
        added = found.summary.removeprefix(f"{dataset.summary}; ")
        say_once(added if added == found.summary else f"{dataset.name}: {added}")
    return found
