"""Training a structured joint embedding of captions and images (Reed et al. 2016, CVPR)."""

from __future__ import annotations

from torch import nn

from experiments.data.batches import Batch
from experiments.data.view.base import View
from experiments.data.view.caption import Captions, CaptionView
from experiments.data.view.picture import Pictures, PictureView
from experiments.encoder.joint_embedding import JointEmbedding
from experiments.loss.joint_embedding import JointEmbeddingLoss
from experiments.system.base import Losses, Phase, System, Term
from experiments.system.seeding import Step


class JointEmbeddingTraining(System):
    """One phase over both encoders, on batches of one image and one caption of as many classes."""

    sampling = "classes"

    def __init__(
        self, encoder: JointEmbedding, joint_embedding: JointEmbeddingLoss, image_size: int
    ) -> None:
        super().__init__()
        self.encoder, self.joint_embedding = encoder, joint_embedding
        self.resolutions = [image_size]

    def views(self) -> list[View]:
        return [CaptionView(self.reads), PictureView(self.resolutions)]

    def phases(self) -> list[Phase]:
        return [Phase("embedding", (self.encoder,), self.loss)]

    def compiled(self) -> list[nn.Module]:
        """The side of the pictures: PyTorch compiles no recurrent layers."""
        return [self.encoder.image]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder}

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """L_v and L_t over the pairs of all processes."""
        captions = batch.of(Captions)
        _, sentence = self.encoder.encode_text(captions.tokens, captions.lengths)
        _, vector = self.encoder.encode_image(batch.of(Pictures).images[-1])
        terms = self.joint_embedding(step.gather(sentence.float()), step.gather(vector.float()))
        return {name: Term(value, self.joint_embedding.weight) for name, value in terms.items()}
