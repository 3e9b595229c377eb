"""Scores of an embedding of text and pictures: does a picture find its caption among others?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from experiments.data.store.dataset import Dataset
from experiments.machine.rank import Ranks
from experiments.metric.embedding import evaluating, image_vectors, sentence_vectors
from experiments.metric.embedding_retrieval import BothWays, tell_recall
from experiments.metric.extractor import hash_weights
from experiments.metric.picture_retrieval import found_again
from experiments.metric.protocol import Protocol, heard_as
from experiments.metric.r_precision import RPrecision
from experiments.metric.real import at_once, captions_for, crop_of
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
        retrieval: bool | None = None,
    ) -> None:
        """`stated`: training captions that readouts are fitted on (`tell_stated`); None: none.
        `retrieval`: whether R@K of captions and pictures are taken; None: where captions are heard.
        """
        self.samples, self.candidates, self.seed = samples, candidates, seed
        self.stated, self.retrieval = stated, retrieval

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, device, encoder = dataset.test, ranks.device, system.encoder
        captions = captions_for(split, min(self.samples, len(split)), self.seed)
        size, name = system.resolutions[-1], f"r_precision/{encoder.name}"
        protocol = Protocol(
            n_real=len(captions),
            n_fake=0,
            split=split.name,
            crop=crop_of(dataset, size),
            resize={},
            weights={encoder.name: hash_weights(encoder)},
            seed=self.seed,
            captions_per_image=1,
            extra=heard_as(dataset.hearing),
        )
        folds = min(FOLDS, len(captions))
        metric = RPrecision(self.candidates, folds, self.seed)
        both = BothWays() if found_again(self.retrieval, encoder) else None

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
                if both is not None:
                    both.update(rows["image_vectors"], rows["sentence_vectors"])
        found = Scored()
        if (value := found.attempt(name, metric.compute)) is not None:
            found.scores |= value.scores(name, "/real")
        if both is not None:
            tell_recall(found, encoder.name, both)
        tell_stated(found, protocol, encoder, dataset, ranks, self.stated, self.seed)
        return found.result(protocol)
