"""Scores of an embedding of text and pictures: does a picture find its caption among others?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from experiments.data.store.dataset import Dataset
from experiments.machine.rank import Ranks
from experiments.metric.embedding import evaluating, image_vectors, sentence_vectors
from experiments.metric.extractor import hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.r_precision import RPrecision
from experiments.metric.real import at_once, captions_for
from experiments.metric.result import Result, Scored
from experiments.metric.rows import Rows, looked_at
from experiments.metric.stated import tell_stated

FOLDS = 10


class RetrievalScores:
    """R-precision of real pictures of the test split, and what can be read out of captions."""

    def __init__(
        self,
        samples: int = 1000,
        candidates: int = 100,
        seed: int = 0,
        stated: int | None = None,
    ) -> None:
        """`stated`: training captions that readouts are fitted on (`tell_stated`); None: none."""
        self.samples, self.candidates, self.seed = samples, candidates, seed
        self.stated = stated

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, device, encoder = dataset.test, ranks.device, system.encoder
        captions = captions_for(split, min(self.samples, len(split)), self.seed)
        size, name = system.resolutions[-1], f"r_precision/{encoder.name}"
        protocol = Protocol(
            n_real=len(captions),
            n_fake=0,
            split=split.name,
            crop=f"central {size} of {dataset.size} px",
            resize={},
            weights={encoder.name: hash_weights(encoder)},
            seed=self.seed,
            captions_per_image=1,
        )
        folds = min(FOLDS, len(captions))
        metric = RPrecision(self.candidates, folds, self.seed)

        def look(places: np.ndarray) -> Rows:
            images = split.caption_image[captions[places]]
            return {
                "image_vectors": image_vectors(encoder, split, images, size, device),
                "sentence_vectors": sentence_vectors(encoder, split, captions[places], device),
                "labels": torch.from_numpy(split.labels[images]).to(device),
            }

        with evaluating(encoder):
            for rows in looked_at(len(captions), at_once(size), ranks, look):
                metric.update(**rows)
        found = Scored()
        if (value := found.attempt(name, metric.compute)) is not None:
            found.scores |= value.scores(name, "/real")
        tell_stated(found, protocol, encoder, dataset, ranks, self.stated, self.seed)
        return found.result(protocol)
