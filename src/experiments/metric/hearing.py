"""How well captions are heard: what they state, by unheard voices, of species never seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from experiments.data.store.dataset import Dataset
from experiments.machine.rank import Ranks
from experiments.metric.attribute import AttributeAccuracy
from experiments.metric.embedding import evaluating
from experiments.metric.extractor import hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.real import LARGEST_BATCH, captions_for, read_captions
from experiments.metric.result import Result, Scored
from experiments.metric.rows import Rows, looked_at
from experiments.metric.stated import stated_values

HEARD = "heard"


class HearingScores:
    """`heard/<attribute>`: the share of what test captions state that is read out right."""

    def __init__(self, samples: int = 1000, seed: int = 0) -> None:
        self.samples, self.seed = samples, seed

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, names = dataset.test, system.reads_out.names
        captions = captions_for(split, min(self.samples, len(split.caption_image)), self.seed)
        protocol = Protocol(
            n_real=len(captions),
            n_fake=0,
            split=split.name,
            crop="none",
            resize={},
            weights={"hearing": hash_weights(system.encoder)},
            seed=self.seed,
            captions_per_image=-(-len(captions) // len(split)),
        )
        colours = [name for name in dataset.colour_attributes if name in names]
        metric = AttributeAccuracy(names, colours)

        def look(places: np.ndarray) -> Rows:
            rows = captions[places]
            logits = system.read(*read_captions(split, rows, system, ranks.device))[0]
            stated = torch.from_numpy(stated_values(split, rows)).to(ranks.device)
            predicted = torch.stack([logits[name].argmax(1) for name in names], 1)
            return {"predicted": predicted, "stated": stated}

        with evaluating(system):
            for rows in looked_at(len(captions), LARGEST_BATCH, ranks, look):
                metric.update(**rows)
        found = Scored()
        if (shown := found.attempt(HEARD, metric.compute)) is not None:
            for name, value in shown.accuracy.items():
                found.scores[f"{HEARD}/{name}"] = value
                found.scores[f"{HEARD}/{name}/chance"] = shown.chance[name]
        return found.result(protocol)
