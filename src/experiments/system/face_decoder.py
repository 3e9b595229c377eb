"""Training a decoder that makes a face of its features (Cole et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.picture import PICTURE, Pictures, PictureView
from experiments.encoder.face import FaceAutoencoder
from experiments.system.base import EmbeddingTraining, Losses, Phase, Samples, Term, term
from experiments.system.seeding import Step


class FaceDecoderTraining(EmbeddingTraining):
    """One phase over the decoder: its picture is that of the features, and shows the same."""

    encoder: FaceAutoencoder
    makes = MappingProxyType({(PICTURE,): PICTURE})

    def __init__(
        self,
        encoder: FaceAutoencoder,
        image_size: int,
        texture: float = 1.0,
        features: float = 1.0,
    ) -> None:
        """Weights: `texture` of the mean |difference| of pixels, `features` of 1 - cosine of the
        features of both pictures."""
        super().__init__(encoder, image_size)
        assert encoder.decoder.size == image_size, (
            f"image_size={image_size}: the decoder makes pictures of {encoder.decoder.size} px"
        )
        self.texture, self.features = texture, features

    def views(self) -> list[View]:
        return [PictureView(self.resolutions)]

    def phases(self) -> list[Phase]:
        return [Phase("decoder", (self.encoder.decoder,), self.loss)]

    def compiled(self) -> list[nn.Module]:
        return [self.encoder.decoder]

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        images = batch.of(Pictures).images[-1]
        with torch.no_grad():
            features = self.encoder.features(images)
        face = self.encoder.decode(features)

        def unlike() -> Tensor:
            again = self.encoder.features(face.picture)
            return 1 - F.cosine_similarity(again, features, dim=1).mean()

        return {
            "texture": Term((face.texture - images).abs().mean(), self.texture),
            "features": term(self.features, unlike),
        }

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """What is left of pictures that went through their features."""
        images = part_of(asked, Pictures).images[-1]
        return Samples({PICTURE: [self.encoder.decode(self.encoder.features(images)).picture]})
