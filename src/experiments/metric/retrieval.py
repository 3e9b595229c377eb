"""Scores of an embedding of text and pictures: does a picture find its caption among others?"""

from __future__ import annotations

from typing import Any

import torch

from experiments.data.store.dataset import Dataset
from experiments.machine.rank import Ranks
from experiments.metric.embedding import evaluating, image_vectors, sentence_vectors
from experiments.metric.extractor import hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.r_precision import r_precision
from experiments.metric.real import captions_for
from experiments.metric.result import Result

FOLDS = 10


class RetrievalScores:
    """R-precision of real pictures of the test split; every process computes all of it."""

    def __init__(self, samples: int = 1000, candidates: int = 100, seed: int = 0) -> None:
        self.samples, self.candidates, self.seed = samples, candidates, seed

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, device, encoder = dataset.test, ranks.device, system.encoder
        captions = captions_for(split, min(self.samples, len(split)), self.seed)
        size, name = system.resolutions[-1], f"r_precision/{encoder.name}"
        with evaluating(encoder):
            vectors = image_vectors(encoder, split, split.caption_image[captions], size, device)
            sentences = sentence_vectors(encoder, split, captions, device)
        labels = torch.from_numpy(split.labels[split.caption_image[captions]])
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
        if len(labels.unique()) < 2:
            return Result({}, protocol, {name: "captions are of one class: nothing to confuse"})
        folds = min(FOLDS, len(vectors))
        found = r_precision(vectors, sentences, labels, self.candidates, folds, self.seed)
        scores = {
            f"{name}/real": found.mean,
            f"{name}/real/std": found.std,
            f"{name}/real/candidates": float(found.candidates),
            f"{name}/chance": 1 / found.candidates,
        }
        return Result(scores, protocol)
