"""Accuracy of a classifier on real pictures, sounds or clips that it was not trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from experiments.data.store.dataset import Dataset
from experiments.encoder.classifier import CLASS
from experiments.encoder.sound_classifier import SoundClassifier
from experiments.encoder.taken import cut_as, form_of, taken_by, view_of
from experiments.machine.rank import Ranks
from experiments.metric.attribute import AttributeAccuracy
from experiments.metric.embedding import evaluating
from experiments.metric.extractor import hash_weights
from experiments.metric.names import sung
from experiments.metric.protocol import Protocol
from experiments.metric.real import at_once, crop_of
from experiments.metric.result import Result, Scored
from experiments.metric.rows import Rows, looked_at


class AccuracyScores:
    """Share of right answers per attribute, and their mean."""

    def __init__(self, samples: int = 1000) -> None:
        self.samples = samples

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, network, size = dataset.test, system.encoder, system.resolutions[-1]
        form = form_of(network)
        together = at_once(size) if form is None else at_once(form.side, form.frames)
        hears = isinstance(network, SoundClassifier)
        order = np.random.default_rng(0).permutation(len(split))[: self.samples]
        names = list(network.sizes)
        classes = names == [CLASS]  # of data without attributes
        truth = split.labels[:, None] if classes else split.attributes[:, network.columns]
        protocol = Protocol(
            n_real=len(order),
            n_fake=0,
            split=split.name,
            crop=cut_as(network, crop_of(dataset, size)),
            resize={},
            weights={"classifier": hash_weights(network)},
            seed=0,
            captions_per_image=0,
        )
        if system.trained_on == split.name:
            reason = "it was trained on these pictures"
            return Result({}, protocol, {"attribute_accuracy": reason})
        if names == [CLASS] and not set(split.labels) & set(dataset.train.labels):
            reason = "no test class is in the training split"
            return Result({}, protocol, {"attribute_accuracy": reason})
        metric = AttributeAccuracy(names, [n for n in dataset.colour_attributes if n in names])
        view = view_of(network, system.resolutions).open(dataset, split, ranks.device)

        def look(places: np.ndarray) -> Rows:
            rows = order[places]
            logits = network(taken_by(network, {view.name: view.real(rows, ranks.device)}))
            stated = torch.from_numpy(truth[rows]).to(ranks.device)
            return {
                "predicted": torch.stack([x.argmax(1) for x in logits.values()], 1),
                "stated": stated,
            }

        with evaluating(network):
            for rows in looked_at(len(order), together, ranks, look):
                metric.update(**rows)
        found = Scored()
        if (shown := found.attempt("attribute_accuracy", metric.compute)) is not None:
            for name, value in shown.accuracy.items():
                named = sung(name) if hears else name
                found.scores[f"attribute_accuracy/{named}/real"] = value
        return found.result(protocol)
