"""Training a classifier of attributes, or of classes where a data set has no attributes."""

from __future__ import annotations

import torch.nn.functional as F
from torch import nn

from experiments.data.batches import Batch
from experiments.encoder.classifier import CLASS, Classifier
from experiments.seeding import Step
from experiments.system.base import Losses, Phase, System, Term


class ClassifierTraining(System):
    """Cross-entropy of every attribute; pictures whose attribute is unknown do not count."""

    def __init__(self, encoder: Classifier, weight: float, image_size: int) -> None:
        super().__init__()
        self.encoder, self.weight = encoder, weight
        self.resolutions = [image_size]

    def phases(self) -> list[Phase]:
        return [Phase("classifier", (self.encoder,), self.loss)]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder}

    def prepare(self, batch: Batch, step: Step) -> Batch:
        return batch

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        logits = self.encoder(batch.images[-1])
        targets = (
            {CLASS: batch.labels}
            if CLASS in self.encoder.sizes
            else dict(zip(self.encoder.sizes, batch.attributes.unbind(1), strict=True))
        )
        return {
            name: Term(F.cross_entropy(logits[name].float(), target, ignore_index=-1), self.weight)
            for name, target in targets.items()
        }
