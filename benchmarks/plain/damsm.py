"""The pre-training of DAMSM as plainly as it was released (Xu et al. 2018, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from benchmarks.plain.base import PlainStep, Rates
from benchmarks.plain.word_loss import damsm_losses, require_published
from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.system.damsm import DAMSMTraining
from experiments.system.seeding import Step


class PlainDAMSM(PlainStep):
    """Both encoders with one optimiser; the text encoder's gradients are bounded."""

    watched: Mapping[str, str] = {"train_encoders": "embedding"}

    def __init__(self, system: DAMSMTraining, rates: Rates) -> None:
        super().__init__(system)
        require_published(system.damsm)
        self.encoder, self.settings = system.encoder, system.damsm
        self.bound = float(rates["embedding"]["clip"])
        self.optimiser = self.adam(self.encoder.parameters(), rates["embedding"])

    def step(self, batch: Batch, step: Step) -> dict[str, float]:
        return self.train_encoders(batch)

    def train_encoders(self, batch: Batch) -> dict[str, float]:
        """Each side of the batch finds the other, by words and as a whole."""
        captions = batch.of(Captions)
        self.optimiser.zero_grad()
        words, sentence = self.encoder.encode_text(captions.tokens, captions.lengths)
        regions, vector = self.encoder.encode_image(batch.of(Pictures).images[-1])
        found = damsm_losses(
            words, captions.lengths, sentence, regions, vector, batch.labels, self.settings
        )
        total = self.settings.weight * (found["word"] + found["sentence"])
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.encoder.text.parameters(), self.bound)
        self.optimiser.step()
        values = {name: loss.item() for name, loss in found.items()}
        return values | {"embedding": total.item()}
