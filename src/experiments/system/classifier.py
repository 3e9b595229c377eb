"""Training a classifier of attributes, or of classes where a data set has no attributes."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import View
from experiments.encoder.classifier import CLASS, Classifier
from experiments.encoder.taken import taken_by, view_of
from experiments.system.base import Losses, Phase, System, Term, TrainedOn
from experiments.system.seeding import Step


class ClassifierTraining(System):
    """Cross-entropy of every attribute of pictures, or of sounds or clips where the encoder takes
    these; those whose attribute is unknown do not count."""

    def __init__(
        self, encoder: Classifier, weight: float, image_size: int, split: TrainedOn = "train"
    ) -> None:
        """`split`: whose pictures it learns. One that learned "test" judges pictures by classes
        that it has seen, and says so."""
        super().__init__()
        self.trained_on = split
        self.encoder, self.weight = encoder, weight
        self.resolutions = [image_size]

    def views(self) -> list[View]:
        return [view_of(self.encoder, self.resolutions)]

    def phases(self) -> list[Phase]:
        return [Phase("classifier", (self.encoder,), self.loss)]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder}

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """One term for each attribute, or one for the class."""
        logits = self.encoder(taken_by(self.encoder, batch.views))
        targets = (
            {CLASS: batch.labels}
            if CLASS in self.encoder.sizes
            else dict(self.encoder.told(batch.attributes))
        )
        return {
            name: Term(known_cross_entropy(logits[name].float(), target), self.weight)
            for name, target in targets.items()
        }


def known_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over the rows (B, values) whose target (B,) is not -1; 0 where there is none."""
    total = F.cross_entropy(logits, target, ignore_index=-1, reduction="sum")
    return total / (target >= 0).sum().clamp(min=1)
