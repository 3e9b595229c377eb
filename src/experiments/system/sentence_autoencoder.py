"""Training of a sentence encoder by what it lets a decoder write: the sentence itself (Dai and Le
2015; TGANs-C's prerequisite)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import View
from experiments.data.view.caption import Captions, CaptionView, before
from experiments.encoder.sentence_autoencoder import END, SentenceAutoencoder
from experiments.system.base import Losses, Phase, System, Term
from experiments.system.seeding import Step


class SentenceAutoencoderTraining(System):
    """One phase: cross-entropy of each word and of the end."""

    def __init__(self, encoder: SentenceAutoencoder, weight: float = 1.0) -> None:
        """`weight`: of the cross-entropy."""
        super().__init__()
        self.encoder, self.weight = encoder, weight

    def views(self) -> list[View]:
        return [CaptionView(self.reads)]

    def phases(self) -> list[Phase]:
        return [Phase("autoencoder", (self.encoder,), self.loss)]

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
        logits = self.encoder.told(self.encoder.encode_text(tokens, lengths)[1], tokens, lengths)
        entropy, right = reconstruction(logits.float(), tokens, lengths)
        return {
            "cross_entropy": Term(entropy.mean(), self.weight),
            "token_accuracy": Term(right.mean().detach(), 0.0),
        }


def reconstruction(logits: Tensor, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Of logits (B, T + 1, V): cross-entropy and share of right words of each caption (B,), over
    its words and its end."""
    wanted = F.pad(tokens, (0, 1), value=END)
    kept = before(lengths.to(tokens.device) + 1, wanted.shape[1])
    count = kept.sum(1)
    entropy = F.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")
    right = (logits.argmax(2) == wanted) & kept
    return torch.where(kept, entropy, 0.0).sum(1) / count, right.sum(1) / count
