"""Training a decoder that makes a face of its features (Cole et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.landmark import Landmarks, LandmarkView
from experiments.data.view.picture import PICTURE, Pictures, PictureView
from experiments.encoder.face import FaceAutoencoder
from experiments.layer.warp import warp
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
        points: float = 1.0,
        landmarks: str | None = None,
    ) -> None:
        """Weights: `texture` of the mean |difference| of pixels, `features` of 1 - cosine of the
        features of both pictures, `points` of the mean squared difference of coordinates.
        `landmarks`: the file of points (`data/view/landmark.py`) that a decoder with points learns;
        its texture is then that of the picture bent to the mean shape.
        """
        super().__init__(encoder, image_size)
        assert encoder.decoder.size == image_size, (
            f"image_size={image_size}: the decoder makes pictures of {encoder.decoder.size} px"
        )
        self.texture, self.features, self.points = texture, features, points
        count = encoder.decoder.points
        assert (landmarks is None) == (count is None), (
            "system.landmarks and encoder.points: give the file of landmarks and how many points a "
            "face has in it, or neither"
        )
        self.landmarks = (
            None if landmarks is None else LandmarkView(landmarks, count or 0, image_size)
        )

    def views(self) -> list[View]:
        known = [] if self.landmarks is None else [self.landmarks]
        return [PictureView(self.resolutions), *known]

    def phases(self) -> list[Phase]:
        return [Phase("decoder", (self.encoder.decoder,), self.loss)]

    def compiled(self) -> list[nn.Module]:
        return [self.encoder.decoder]

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        images = batch.of(Pictures).images[-1]
        with torch.no_grad():
            features = self.encoder.features(images)
        texture = images
        if self.landmarks is not None:
            points = batch.of(Landmarks).points
            self.encoder.decoder.learn_shape(step.gather(points))
            texture = warp(images, points, self.encoder.decoder.mean(points))
        face = self.encoder.decode(features)

        def unlike() -> Tensor:
            again = self.encoder.features(face.picture)
            return 1 - F.cosine_similarity(again, features, dim=1).mean()

        losses = {
            "texture": Term((face.texture - texture).abs().mean(), self.texture),
            "features": term(self.features, unlike),
        }
        if face.points is not None:
            losses["points"] = Term((face.points - points).square().mean(), self.points)
        return losses

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """What is left of pictures that went through their features."""
        images = part_of(asked, Pictures).images[-1]
        return Samples({PICTURE: [self.encoder.decode(self.encoder.features(images)).picture]})
