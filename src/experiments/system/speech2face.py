"""Training a voice encoder to tell the features of the face (Speech2Face, Oh et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.picture import PICTURE, Pictures, PictureView
from experiments.data.view.sound import SOUND, Sounds, SoundView
from experiments.encoder.speech2face import Speech2Face
from experiments.loss.speech2face import Speech2FaceLoss
from experiments.system.base import Losses, Phase, Samples, System, term
from experiments.system.seeding import Step


class Speech2FaceTraining(System):
    """One phase over the voice encoder; faces only look, and no other network plays against it.

    It makes a face of a voice; where the face is known, what its own features decode to as well,
    first: that is how close any voice could come.
    """

    encoder: Speech2Face
    makes = MappingProxyType({(SOUND, PICTURE): PICTURE, (SOUND,): PICTURE})

    def __init__(self, encoder: Speech2Face, speech2face: Speech2FaceLoss, image_size: int) -> None:
        """`image_size`: px of what the decoder makes, and of the faces that are looked at."""
        super().__init__()
        assert encoder.face.decoder.size == image_size, (
            f"image_size={image_size}: the decoder makes pictures of {encoder.face.decoder.size} px"
        )
        self.encoder, self.speech2face = encoder, speech2face
        assert encoder.face.knows or not speech2face.weights["distillation"], (
            "loss.speech2face.distillation: this image network says nothing of its features; take "
            "encoder.face of another, as recogniser or vgg_face, or a weight of 0"
        )
        self.resolutions = [image_size]

    def views(self) -> list[View]:
        return [SoundView(self.encoder.excerpt), PictureView(self.resolutions)]

    def phases(self) -> list[Phase]:
        return [Phase("voice", (self.encoder.voice,), self.loss)]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder}

    def compiled(self) -> list[nn.Module]:
        return [self.encoder.voice]

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """The three terms of the paper."""
        face, loss = self.encoder.face, self.speech2face
        with torch.no_grad():
            true = face.features(batch.of(Pictures).images[-1])
        told = self.encoder.voice(batch.of(Sounds).values).float()
        first, weights = face.decoder.first, loss.weights
        losses = {
            "decoder": term(
                weights["decoder"], lambda: loss.decoder(first(true).float(), first(told).float())
            ),
            "direction": term(weights["direction"], lambda: loss.direction(true, told)),
        }
        if face.knows:
            losses["distillation"] = term(
                weights["distillation"],
                lambda: loss.distillation(_floats(face.says(true)), _floats(face.says(told))),
            )
        return losses

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """Faces decoded from voices; before them, of pictures, those decoded from their features.
        Nothing is random."""
        face = self.encoder.face
        told = self.encoder.voice(part_of(asked, Sounds).values)
        vectors = [told]
        if PICTURE in asked:
            vectors.insert(0, face.features(part_of(asked, Pictures).images[-1]))
        return Samples({PICTURE: [face.decode(vector).picture for vector in vectors]})


def _floats(logits: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: values.float() for name, values in logits.items()}
