"""Training of a sentence encoder by what it lets a decoder write: the sentence itself (Dai and Le
2015; TGANs-C's prerequisite)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from experiments.data.batches import Batch
from experiments.data.view.base import View
from experiments.data.view.caption import Captions, CaptionView
from experiments.encoder.sentence_autoencoder import SentenceAutoencoder, reconstruction
from experiments.system.base import Losses, Phase, System, Term
from experiments.system.seeding import Step
from experiments.system.stated import readout_for, stated_losses


class SentenceAutoencoderTraining(System):
    """One phase: cross-entropy of each word and of the end."""

    def __init__(
        self,
        encoder: SentenceAutoencoder,
        weight: float = 1.0,
        hidden_share: float = 0.0,
        stated: float = 0.0,
        attribute_values: Mapping[str, int] | None = None,
    ) -> None:
        """`weight`: of the cross-entropy. `hidden_share`: of the words before, those that the
        decoder is not told in training, so that it has to ask the sentence (word dropout: Bowman
        et al. 2016, section 3.1). `stated`: the weight of what captions state of attributes,
        read out of the sentence, where the data set knows it (this project's choice)."""
        super().__init__()
        self.encoder, self.weight, self.hidden_share = encoder, weight, hidden_share
        self.stated = stated
        self.readout = readout_for(encoder.dim, attribute_values, False, stated)

    def views(self) -> list[View]:
        return [CaptionView(self.reads)]

    def phases(self) -> list[Phase]:
        heads = () if self.readout is None else (self.readout,)
        return [Phase("autoencoder", (self.encoder, *heads), self.loss)]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder}

    def compiled(self) -> list[nn.Module]:
        """None: PyTorch compiles no recurrent layers."""
        return []

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """The mean over the words of a caption, and over captions; beside it, without weight, the
        share of words that are the likeliest after the true ones before them."""
        captions = batch.of(Captions)
        tokens, lengths = captions.tokens, captions.lengths
        hidden = None
        if self.hidden_share:
            hidden = step.uniform(tokens.shape[1]) < self.hidden_share
        sentence = self.encoder.encode_text(tokens, lengths)[1]
        logits = self.encoder.told(sentence, tokens, lengths, hidden)
        entropy, right = reconstruction(logits.float(), tokens, lengths)
        losses = {
            "cross_entropy": Term(entropy.mean(), self.weight),
            "token_accuracy": Term(right.mean().detach(), 0.0),
        }
        if self.readout is not None:
            losses |= stated_losses(self.readout, batch, None, sentence, self.stated)
        return losses
