"""Accuracy of a classifier on real pictures of classes that it has not seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from experiments.data.store.dataset import Dataset
from experiments.encoder.classifier import CLASS
from experiments.machine.rank import Ranks
from experiments.metric.attribute import attribute_accuracy
from experiments.metric.extractor import hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.real import at_once, real_images
from experiments.metric.result import Result


class AccuracyScores:
    """Share of right answers per attribute, and their mean; every process computes all of it."""

    def __init__(self, samples: int = 1000) -> None:
        self.samples = samples

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, network = dataset.test, system.encoder
        order = np.random.default_rng(0).permutation(len(split))[: self.samples]
        training = network.training
        network.eval()
        predicted = []
        batch = at_once(system.resolutions[-1])
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            images = real_images(split, rows, system.resolutions[-1], ranks.device)
            logits = network(images)
            predicted.append(torch.stack([x.argmax(1) for x in logits.values()], 1).cpu())
        network.train(training)
        names = list(network.sizes)
        truth = split.labels[:, None] if names == [CLASS] else split.attributes
        colours = [name for name in dataset.colour_attributes if name in names]
        found = attribute_accuracy(
            torch.cat(predicted), torch.from_numpy(truth[order]), names, colours
        )
        scores = {f"attribute_accuracy/{name}/real": value for name, value in found.items()}
        skipped = {}
        if names == [CLASS] and not set(split.labels) & set(dataset.train.labels):
            scores, skipped = {}, {"attribute_accuracy": "no test class is in the training split"}
        protocol = Protocol(
            n_real=len(order),
            n_fake=0,
            split=split.name,
            crop=f"central {system.resolutions[-1]} of {dataset.size} px",
            resize={},
            weights={"classifier": hash_weights(network)},
            seed=0,
            captions_per_image=0,
        )
        return Result(scores, protocol, skipped)
