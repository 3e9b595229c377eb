"""Scores of an embedding of text and pictures: does a picture find its caption among others?"""

from __future__ import annotations

from typing import Any

import torch

from experiments.data.dataset import Dataset
from experiments.metric.extractor import hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.r_precision import r_precision
from experiments.metric.real import at_once, captions_for, real_images
from experiments.metric.result import Result
from experiments.ranks import Ranks


class RetrievalScores:
    """R-precision of real pictures of the test split; every process computes all of it."""

    def __init__(self, samples: int = 1000, candidates: int = 100, seed: int = 0) -> None:
        self.samples, self.candidates, self.seed = samples, candidates, seed

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, device, encoder = dataset.test, ranks.device, system.encoder
        captions = captions_for(split, min(self.samples, len(split)), self.seed)
        training = encoder.training
        encoder.eval()
        vectors, sentences = [], []
        batch = at_once(system.resolutions[-1])
        for start in range(0, len(captions), batch):
            rows = captions[start : start + batch]
            images = real_images(split, split.caption_image[rows], system.resolutions[-1], device)
            vectors.append(encoder.encode_image(images)[1].float().cpu())
            tokens = torch.from_numpy(split.tokens[rows]).to(device)
            lengths = torch.from_numpy(split.lengths[rows])
            sentences.append(encoder.encode_text(tokens, lengths)[1].float().cpu())
        encoder.train(training)
        labels = torch.from_numpy(split.labels[split.caption_image[captions]])
        found = r_precision(
            torch.cat(vectors), torch.cat(sentences), labels, self.candidates, 10, self.seed
        )
        scores = {
            "r_precision/damsm/real": found.mean,
            "r_precision/damsm/real/std": found.std,
            "r_precision/damsm/real/candidates": float(found.candidates),
            "r_precision/damsm/chance": 1 / found.candidates,
        }
        protocol = Protocol(
            n_real=len(captions),
            n_fake=0,
            split=split.name,
            crop=f"central {system.resolutions[-1]} of {dataset.size} px",
            resize={},
            weights={"damsm": hash_weights(encoder)},
            seed=self.seed,
            captions_per_image=1,
        )
        return Result(scores, protocol)
