"""Pictures that a face decoder makes of features: what of the face is left in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.encoder.classifier import CLASS, Classifier
from experiments.encoder.face import FaceAutoencoder
from experiments.machine.rank import Ranks
from experiments.metric.attribute import AttributeAccuracy
from experiments.metric.embedding import evaluating
from experiments.metric.extractor import hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.real import at_once, crop_of, real_images, require_some
from experiments.metric.result import Result, Scored
from experiments.metric.rows import Rows, RowScore, looked_at, require
from experiments.run.shipped import judged_by

SHOWN = "attribute_accuracy"


class Reading:
    """What a classifier reads in pictures, of the attributes that data tell of."""

    def __init__(self, classifier: Classifier, dataset: Dataset, heard: bool = False) -> None:
        """`heard`: of what the data's sounds tell alone, where they say what that is."""
        told = set(dataset.heard_attributes) if heard and dataset.heard_attributes else None
        self.classifier = classifier
        self.names = [name for name in classifier.sizes if told is None or name in told]
        self.colours = [name for name in dataset.colour_attributes if name in self.names]

    def stated(self, split: Split, rows: np.ndarray) -> Tensor:
        """What is true of the records (B,): (B, A) int64, -1 where nobody knows."""
        if self.names == [CLASS]:
            return torch.from_numpy(split.labels[rows])[:, None]
        known = dict(self.classifier.told(torch.from_numpy(split.attributes[rows])))
        return torch.stack([known[name] for name in self.names], 1)

    def read(self, images: Tensor) -> Tensor:
        """What pictures (B, 3, H, W) show: (B, A) int64."""
        logits = self.classifier(images)
        return torch.stack([logits[name].argmax(1) for name in self.names], 1)

    def tell(
        self, found: Scored, name: str, read: Tensor, stated: Tensor, suffix: str = ""
    ) -> None:
        """Put the share of attributes that were read as `stated`, (n, A) each, into `found`; with
        chance where there is no `suffix`."""
        metric = AttributeAccuracy(self.names, self.colours)
        metric.update(read, stated)
        if (shown := found.attempt(name, metric.compute)) is None:
            return
        for key, value in shown.accuracy.items():
            found.scores[f"{name}/{key}{suffix}"] = value
            if not suffix:
                found.scores[f"{name}/{key}/chance"] = shown.chance[key]


class FaceRows(RowScore):
    """Of real pictures: the cosine of their features and those of what is decoded of them, the mean
    |difference| of pixels, and what is read in both. `compute` gives means of the first two."""

    kept = ("cosine", "pixels", "read", "real", "stated")

    def update(self, **rows: Tensor) -> None:
        """A batch of rows of each of `kept`, by name."""
        self.keep(*(rows[name] for name in self.kept))

    def compute(self) -> dict[str, float]:
        """Of all processes' pictures together."""
        cosine, pixels, *_ = self.rows()
        require(1, {"real images": cosine, "decoded images": pixels})
        return {
            "feature_cosine": cosine.double().mean().item(),
            "pixel_l1": pixels.double().mean().item(),
        }


class FaceDecoderScores:
    """`feature_cosine/face_decoder`, `pixel_l1/face_decoder` and, where attributes are known,
    `attribute_accuracy/<attribute>` of decoded pictures beside that of real ones."""

    def __init__(self, classifier: Classifier | None = None, samples: int = 1000) -> None:
        self.classifier = None if classifier is None else classifier.requires_grad_(False).eval()
        self.samples = samples

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, encoder, size = dataset.test, system.encoder, system.resolutions[-1]
        assert isinstance(encoder, FaceAutoencoder)
        require_some(split)
        order = np.random.default_rng(0).permutation(len(split))[: self.samples]
        reading, device = reading_of(self.classifier, dataset, ranks), ranks.device
        metric = FaceRows()

        def look(places: np.ndarray) -> Rows:
            images = real_images(split, order[places], size, device)
            features = encoder.features(images)
            again = encoder.decode(features).picture
            known = [torch.zeros(len(images), 0, dtype=torch.int64, device=device)] * 3
            if reading is not None:
                stated = reading.stated(split, order[places]).to(device)
                known = [reading.read(again), reading.read(images), stated]
            return {
                "cosine": F.cosine_similarity(encoder.features(again), features, dim=1)[:, None],
                "pixels": (again - images).abs().mean((1, 2, 3))[:, None],
                **dict(zip(("read", "real", "stated"), known, strict=True)),
            }

        with evaluating(encoder):
            for rows in looked_at(len(order), at_once(size), ranks, look):
                metric.update(**rows)
        found = Scored()
        if (means := found.attempt("feature_cosine/face_decoder", metric.compute)) is not None:
            found.scores |= {f"{name}/face_decoder": value for name, value in means.items()}
            _, _, read, real, stated = metric.rows()
            if reading is None:
                found.skipped[SHOWN] = "nothing reads attributes: the data know none"
            else:
                reading.tell(found, SHOWN, read, stated)
                reading.tell(found, SHOWN, real, stated, "/real")
        return found.result(protocol_of(encoder, dataset, len(order), size, self.classifier))


def reading_of(
    classifier: Classifier | None, dataset: Dataset, ranks: Ranks, heard: bool = False
) -> Reading | None:
    """What reads attributes, on the device; None where nothing does."""
    if classifier is None:
        return None
    return Reading(classifier.to(ranks.device), dataset, heard)


def protocol_of(
    encoder: Any, dataset: Dataset, count: int, size: int, classifier: Classifier | None
) -> Protocol:
    """How scores of `count` records, real and decoded, were measured."""
    judge = {} if classifier is None else {"classifier": hash_weights(classifier)}
    return Protocol(
        n_real=count,
        n_fake=count,
        split=dataset.test.name,
        crop=crop_of(dataset, size),
        resize={},
        weights={encoder.name: hash_weights(encoder), **judge},
        seed=0,
        captions_per_image=0,
        extra=judged_by({"classifier": classifier}),
    )
