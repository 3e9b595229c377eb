"""Hearing before drawing: an encoder of recordings learns what captions state of their attributes.

This project's choice, for data whose truth is known: the methods that compare recordings
with pictures go on from here (`encoder.text.pretrained`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import View
from experiments.data.view.caption import Captions
from experiments.data.view.condition import view_for
from experiments.encoder.readout import Readout
from experiments.frontend.distortion import Distortion
from experiments.system.base import Losses, Phase, System
from experiments.system.seeding import Step
from experiments.system.stated import stated_losses


class HearingTraining(System):
    """Cross-entropy of the attributes that a caption states, however they are read out."""

    def __init__(
        self,
        encoder: Any,
        weight: float,
        distortion: Distortion | None = None,
        attribute_values: Mapping[str, int] | None = None,
    ) -> None:
        """`encoder`: hears, as it stands in an encoder of recordings and pictures."""
        super().__init__()
        assert attribute_values, "encoder: hears attributes, and this data set states none"
        self.encoder, self.weight, self.distortion = encoder, weight, distortion
        # No part of what other runs load.
        self.readout = Readout(encoder.dim, attribute_values, encoder.gives_words)

    def views(self) -> list[View]:
        alone = SimpleNamespace(reads=self.reads, text=self.encoder)  # of an encoder of both
        return [view_for(alone, distortion=self.distortion)]

    def phases(self) -> list[Phase]:
        return [Phase("hearing", (self.encoder, self.readout), self.loss)]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder}

    def compiled(self) -> list[nn.Module]:
        """None: PyTorch compiles no recurrent layers."""
        return []

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """One term for each attribute."""
        captions = batch.of(Captions)
        words, sentence = self.encoder(captions.tokens, captions.lengths)
        return stated_losses(self.readout, batch, words, sentence, self.weight)

    def read(self, frames: Tensor, lengths: Tensor) -> list[dict[str, Tensor]]:
        """Logits of what recordings (B, T, ...) state; see `Readout`."""
        words, sentence = self.encoder(frames, lengths)
        steps = None if words is None else self.encoder.steps(lengths)
        return self.readout(words, steps, sentence)  # type: ignore[no-any-return]
