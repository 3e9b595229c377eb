"""Training DAMSM: captions and pictures find each other (Xu et al. 2018, section 3.2)."""

from __future__ import annotations

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.encoder.damsm import DAMSM
from experiments.frontend.distortion import Distortion
from experiments.loss.damsm import DAMSMLoss
from experiments.system.base import EmbeddingTraining, Losses, Phase, Term
from experiments.system.seeding import Step


class DAMSMTraining(EmbeddingTraining):
    """One phase over both encoders; the bound on gradients holds for the text encoder alone."""

    encoder: DAMSM

    def __init__(
        self,
        encoder: DAMSM,
        damsm: DAMSMLoss,
        image_size: int,
        distortion: Distortion | None = None,
    ) -> None:
        super().__init__(encoder, image_size, distortion)
        self.damsm = damsm

    def phases(self) -> list[Phase]:
        return [Phase("embedding", (self.encoder,), self.loss, clip=(self.encoder.text,))]

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """Equations 7 to 13 over the pairs of all processes."""
        captions = batch.of(Captions)
        words, sentence = self.encoder.encode_text(captions.tokens, captions.lengths)
        regions, vector = self.encoder.encode_image(batch.of(Pictures).images[-1])
        terms = self.damsm(
            step.gather(words.float()),
            step.gather(captions.word_mask(words.shape[2])),
            step.gather(sentence.float()),
            step.gather(regions.float()),
            step.gather(vector.float()),
            step.gather(batch.labels),
        )
        return {name: Term(value, self.damsm.weight) for name, value in terms.items()}
