"""Training an autoencoder of pictures or of sounds, whose features a system may be told (variant A
of Chen et al. 2017)."""

from __future__ import annotations

from torch import nn

from experiments.data.batches import Batch
from experiments.data.view.base import View
from experiments.encoder.autoencoder import Autoencoder
from experiments.encoder.taken import taken_by, view_of
from experiments.system.base import Losses, Phase, System, Term
from experiments.system.seeding import Step


class AutoencoderTraining(System):
    """One phase: what comes back should be what went in."""

    def __init__(self, encoder: Autoencoder, weight: float, image_size: int) -> None:
        """`weight`: of the squared error. `image_size`: side of pictures, where it is of these."""
        super().__init__()
        self.encoder, self.weight, self.resolutions = encoder, weight, [image_size]

    def views(self) -> list[View]:
        return [view_of(self.encoder, self.resolutions)]

    def phases(self) -> list[Phase]:
        return [Phase("autoencoder", (self.encoder,), self.loss)]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder}

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """The mean of squared differences over all numbers."""
        values = taken_by(self.encoder, batch.views)
        square = (self.encoder(values) - values).square().mean()
        return {"square": Term(square, self.weight)}
