"""Training a variational autoencoder of sentences (the pipeline of 2017, its first step)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import View
from experiments.data.view.caption import Captions, CaptionView
from experiments.encoder.sentence_vae import Placed, SentenceVAE
from experiments.encoder.word_vectors import read_vectors
from experiments.loss.kl import kl_sum
from experiments.loss.sentence_vae import SentenceVAELoss, cross_entropy, square
from experiments.system.base import Losses, Phase, System, Term, term
from experiments.system.seeding import Step


class SentenceVAETraining(System):
    """One phase: of a code that is drawn, the words should come back."""

    def __init__(self, encoder: SentenceVAE, vae: SentenceVAELoss, exact: bool = False) -> None:
        """`exact`: sentences of exactly `encoder.length` known words alone count (the notebook,
        which took no others)."""
        super().__init__()
        self.encoder, self.vae, self.exact = encoder, vae, exact
        self.resolutions = []  # it sees no pictures

    def views(self) -> list[View]:
        return [CaptionView()]

    def phases(self) -> list[Phase]:
        return [Phase("vae", (self.encoder,), self.loss)]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder}

    def initialise(self) -> None:
        """Find the vectors of words."""
        read_vectors(self.encoder)

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """What comes back of a code that is drawn, and its divergence; beside them `words`, the
        share of the words that the mean of the code gives back, and the divergence in nats."""
        encoder, captions = self.encoder, batch.of(Captions)
        given = encoder.placed(captions.tokens, captions.lengths)
        mean, logvar = encoder.code(given.values)
        code = mean + step.normal(encoder.dim) * (0.5 * logvar.float()).exp()
        counted = self.counted(given.weights)
        values = encoder.decode(code)
        if encoder.likelihood == "gaussian":
            came = square(given.values, values, counted)
        elif encoder.likelihood == "bce_minmax":
            came = cross_entropy(encoder.squeezed(given.values), values, counted)
        else:  # the padding counts, as in the source
            came = cross_entropy(
                given.values, values, torch.ones_like(counted) * self.rows(counted)
            )
        nats, numbers = kl_sum(mean, logvar), given.values[0].numel()
        losses = {
            "likelihood": Term(came, self.vae.weight),
            "kl": Term(nats / numbers, self.vae.weight * self.vae.beta_at(step.images)),
            "kl_sum": term(0.0, lambda: nats.detach()),
        }
        if encoder.combined == "concatenated":
            losses["words"] = Term(self.words(given, mean), 0.0)
        return losses

    def rows(self, weights: Tensor) -> Tensor:
        """Which sentences count (B, 1), 1 or 0."""
        if not self.exact:
            return torch.ones_like(weights[:, :1])
        words = (weights[:, : self.encoder.length] > 0).sum(1, keepdim=True)
        return (words == self.encoder.length).to(weights.dtype)

    def counted(self, weights: Tensor) -> Tensor:
        """What each place counts (B, L)."""
        return weights * self.rows(weights)

    @torch.no_grad()
    def words(self, given: Placed, mean: Tensor) -> Tensor:
        """The share of words that come back of the mean of the code, the nearest at each place."""
        length = self.encoder.length
        own = self.encoder.vectors.nearest(given.values[:, :length])
        right = (self.encoder.words_of(mean) == own).float()
        there = (given.weights[:, :length] > 0).float()
        return (right * there).sum() / there.sum().clamp_min(1)
