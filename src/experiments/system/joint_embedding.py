"""Training a structured joint embedding of captions and images (Reed et al. 2016, CVPR)."""

from __future__ import annotations

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.encoder.joint_embedding import JointEmbedding
from experiments.loss.joint_embedding import JointEmbeddingLoss
from experiments.system.base import EmbeddingTraining, Losses, Phase, Term
from experiments.system.seeding import Step


class JointEmbeddingTraining(EmbeddingTraining):
    """One phase over both encoders, on batches of one image and one caption of as many classes."""

    sampling = "classes"
    encoder: JointEmbedding

    def __init__(
        self, encoder: JointEmbedding, joint_embedding: JointEmbeddingLoss, image_size: int
    ) -> None:
        super().__init__(encoder, image_size)
        self.joint_embedding = joint_embedding

    def phases(self) -> list[Phase]:
        return [Phase("embedding", (self.encoder,), self.loss)]

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """L_v and L_t over the pairs of all processes."""
        captions = batch.of(Captions)
        _, sentence = self.encoder.encode_text(captions.tokens, captions.lengths)
        _, vector = self.encoder.encode_image(batch.of(Pictures).images[-1])
        terms = self.joint_embedding(step.gather(sentence.float()), step.gather(vector.float()))
        return {name: Term(value, self.joint_embedding.weight) for name, value in terms.items()}
