"""Captions that are said to a run: words wrong, and colours right from voice to picture.

python -m benchmarks --part spoken --run outputs/attngan_4stage-plumage/<id>

Captions of test species, one of each picture first, are said by voices that the recogniser has
never been made for. What it hears is drawn with the seeds that the typed captions are drawn with,
and the classifier of the run's own scores reads colours out of both. A caption that is refused has
all its words wrong and none of its colours right.
"""

from __future__ import annotations

import shutil
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics.text import WordErrorRate

from benchmarks.row import Row
from experiments.app.recogniser.base import NotHeard
from experiments.app.recogniser.language import spoken_words
from experiments.app.recogniser.listener import Listener, listener_of
from experiments.data.augment import normalise, to_uint8
from experiments.data.store.dataset import Dataset
from experiments.data.voice import speak
from experiments.machine.rank import Ranks
from experiments.metric.attribute import AttributeAccuracy
from experiments.metric.real import captions_for, columns_of, real_images
from experiments.metric.seen import CLASSIFIER, read_by
from experiments.metric.stated import stated_values
from experiments.run import folder as files
from experiments.run.fact import facts_of
from experiments.run.prerequisite import with_paths
from experiments.sample.model import Model, load
from experiments.terminal.error import UserError
from experiments.terminal.line import say
from experiments.trainer.assemble import built, open_data

COUNT = 150  # captions: three of each test species in the mean
FLITE = ("flite/rms", "flite/slt", "flite/awb")
ESPEAK = ("espeak/Alex", "espeak/f2", "espeak/max")  # where flite is not installed
BATCH = 16
GENERAL_COUNT = (
    30  # captions that are also heard with the language model of any English: it is slow
)
GENERAL = {
    "_target_": "experiments.app.recogniser.sphinx.Sphinx",
    "language_model": "general",
}


@dataclass(frozen=True)
class Judge:
    """What reads colours out of pictures, and what the captions state. `rows`: of captions."""

    dataset: Dataset
    classifier: Any
    rows: np.ndarray

    def colours(self, pictures: Tensor | None, told: Sequence[int] = ()) -> tuple[float, float]:
        """The share of stated colours that pictures (B, 3, H, W) in [-1, 1] show, and chance.
        `told`: the places of the captions that have one, all where nothing is said; the others
        show nothing."""
        names = self.dataset.seen_attributes
        columns = columns_of(self.dataset)
        stated = torch.from_numpy(stated_values(self.dataset.test, self.rows)[:, columns])
        predicted = torch.full_like(stated, -1)
        if pictures is not None and len(pictures):
            seen = normalise(to_uint8(pictures))
            found = [
                read_by(self.classifier, CLASSIFIER, part, names)["predicted"]
                for part in seen.split(BATCH)
            ]
            predicted[list(told) or slice(None)] = torch.cat(found)
        metric = AttributeAccuracy(names, self.dataset.colour_attributes)
        metric.update(predicted, stated)
        shown = metric.compute()
        return shown.accuracy["colour"], shown.chance["colour"]


@torch.inference_mode()
def measure(options: Namespace) -> Iterator[Row]:
    """Lines of each voice, beside typed captions, real pictures and chance."""
    if options.run is None:
        raise UserError("spoken: needs --run FOLDER, a finished run of model=attngan_4stage")
    torch.set_num_threads(options.threads)
    folder = Path(options.run)
    judge, captions = judge_of(folder, options.captions or COUNT)
    model = load(folder)
    cache = cache_of(folder)
    listener = listener_of(None, folder, cache)
    seeds = list(range(len(captions)))
    size = model.system.resolutions[-1]
    test = judge.dataset.test
    real = real_images(test, test.caption_image[judge.rows], size, torch.device("cpu"))
    typed, chance = judge.colours(drawn(model, captions, seeds))
    for case, share in (
        ("real pictures", judge.colours(real)[0]),
        ("chance", chance),
        ("typed", typed),
    ):
        yield Row("spoken", f"{case}: colours right", 100 * share, " %")
    for voice in speakers():
        say(f"spoken: {len(captions)} captions said by {voice}")
        heard = said_to(listener, voice, captions)
        kept = [place for place, text in enumerate(heard) if text]
        pictures = drawn(model, [heard[k] for k in kept], [seeds[k] for k in kept])
        share = judge.colours(pictures, kept)[0]
        refused = len(captions) - len(kept)
        told = [f"{len(captions)} captions, {refused} of them refused"]
        yield Row(
            "spoken", f"{voice}: words wrong", 100 * wrong(heard, captions), " %", remarks=told
        )
        yield Row("spoken", f"{voice}: colours right", 100 * share, " %")
    general, some = listener_of(GENERAL, folder, cache), captions[:GENERAL_COUNT]
    for voice in speakers():
        share_wrong = 100 * wrong(said_to(general, voice, some), some)
        case = f"{voice}: words wrong, of any English"
        yield Row("spoken", case, share_wrong, " %", remarks=[f"{len(some)} captions"])


def speakers() -> list[str]:
    """Three voices that speak here."""
    return list(FLITE if shutil.which("flite") else ESPEAK)


def cache_of(folder: Path) -> Path:
    """Where the prepared data of a run lie, which may have been moved with it."""
    cache = Path(files.run_config(folder)["paths"]["cache"])
    return cache if cache.is_dir() else folder.resolve().parents[1] / "cache"


def judge_of(folder: Path, count: int) -> tuple[Judge, list[str]]:
    """The classifier of a run's scores, and captions of the test split. Raises `UserError` for a
    run that has none."""
    config, about = files.run_config(folder), files.run_about(folder)
    place = (about.get("built_on") or {}).get("metric.classifier")
    if place is None:
        raise UserError(f"run={folder}: its scores have no classifier to read colours with")
    outputs = folder.resolve().parents[1]
    beside = outputs / Path(place).parent.name / Path(place).name
    classifier = beside if beside.is_dir() else Path(place)
    needs: dict[str, Any] = {"metric.classifier": classifier}
    node = with_paths({"metric": config["metric"]}, needs)["metric"]["classifier"]
    paths = {"outputs": str(outputs), "cache": str(cache_of(folder))}
    config = config | {"paths": config["paths"] | paths}
    dataset = open_data(config, Ranks("cpu"), folder)
    network = built(node, facts_of(dataset), "metric.classifier").requires_grad_(False).eval()
    rows = captions_for(dataset.test, count, seed=0)
    texts = [text for of_one in dataset.test.captions for text in of_one]
    return Judge(dataset, network, rows), [texts[row] for row in rows]


def drawn(model: Model, captions: Sequence[str], seeds: Sequence[int]) -> Tensor | None:
    """The last stage of each, (B, 3, H, W); None of none."""
    parts = [slice(start, start + BATCH) for start in range(0, len(captions), BATCH)]
    made = [model.stages(captions[part], list(seeds[part])).images[-1] for part in parts]
    return torch.cat(made) if made else None


def said_to(listener: Listener, voice: str, captions: Sequence[str]) -> list[str]:
    """What is heard of each caption; nothing where it is refused, or in no known word."""
    found = []
    for caption in captions:
        try:
            found.append(listener.hear(*speak(voice, caption)).text)
        except NotHeard:
            found.append("")
    return found


def wrong(heard: Sequence[str], captions: Sequence[str]) -> float:
    """The share of words that were heard otherwise."""
    metric = WordErrorRate()
    metric.update(list(heard), [" ".join(spoken_words(caption)) for caption in captions])
    return float(metric.compute())
