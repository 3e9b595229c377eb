"""Training DAMSM: captions and pictures find each other (Xu et al. 2018, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping

from experiments.data.batches import Batch
from experiments.data.view.altered import require_words
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.encoder.damsm import DAMSM
from experiments.frontend.distortion import Distortion
from experiments.loss.damsm import DAMSMLoss
from experiments.system.altered import altered_of, gathered
from experiments.system.base import EmbeddingTraining, Losses, Phase, Term
from experiments.system.seeding import Step
from experiments.system.stated import readout_for, stated_losses


class DAMSMTraining(EmbeddingTraining):
    """One phase over both encoders; the bound on gradients holds for the text encoder alone."""

    encoder: DAMSM

    def __init__(
        self,
        encoder: DAMSM,
        damsm: DAMSMLoss,
        image_size: int,
        distortion: Distortion | None = None,
        stated: float = 0.0,
        attribute_values: Mapping[str, int] | None = None,
    ) -> None:
        """`stated`: the weight of what captions state of attributes, read out of words and
        sentences, where the data set knows it."""
        super().__init__(encoder, image_size, distortion)
        assert not (damsm.negatives or damsm.shift or damsm.noise), (
            "damsm: negatives, shift and noise are for a generator that trains against it"
        )
        if damsm.altered:
            require_words(encoder, "damsm: altered")
        self.damsm, self.stated, self.altered = damsm, stated, damsm.altered
        # No part of what other runs load.
        self.readout = readout_for(encoder.dim, attribute_values, True, stated)

    def phases(self) -> list[Phase]:
        modules = (self.encoder,) if self.readout is None else (self.encoder, self.readout)
        return [Phase("embedding", modules, self.loss, clip=(self.encoder.text,))]

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
            altered=gathered(altered_of(self.encoder, captions), step),
        )
        losses = {name: Term(value, self.damsm.weight) for name, value in terms.items()}
        if self.readout is not None:
            losses |= stated_losses(self.readout, batch, words, sentence, self.stated)
        return losses
