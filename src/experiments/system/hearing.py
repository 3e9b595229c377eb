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
from experiments.encoder.speech_recogniser import SpeechRecogniser
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
        """`encoder`: hears, as it stands in an encoder of recordings and pictures; or a recogniser,
        which learns as well of what nothing is said."""
        super().__init__()
        assert attribute_values, "encoder: hears attributes, and this data set states none"
        self.encoder, self.weight, self.distortion = encoder, weight, distortion
        self.recognises = isinstance(encoder, SpeechRecogniser)
        if not self.recognises:  # no part of what other runs load
            self.readout = Readout(encoder.dim, attribute_values, encoder.gives_words)

    @property
    def hears(self) -> Any:
        """What hears."""
        return self.encoder.text if self.recognises else self.encoder

    @property
    def reads_out(self) -> Readout:
        """What reads attributes out of it."""
        return self.encoder.readout if self.recognises else self.readout  # type: ignore[no-any-return]

    def views(self) -> list[View]:
        alone = SimpleNamespace(reads=self.reads, text=self.hears)  # of an encoder of both
        return [view_for(alone, distortion=self.distortion)]

    def phases(self) -> list[Phase]:
        modules = (self.encoder,) if self.recognises else (self.encoder, self.readout)
        return [Phase("hearing", modules, self.loss)]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder}

    def compiled(self) -> list[nn.Module]:
        """None: PyTorch compiles no recurrent layers."""
        return []

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """One term for each attribute."""
        captions = batch.of(Captions)
        words, sentence = self.hears(captions.tokens, captions.lengths)
        return stated_losses(
            self.reads_out, batch, words, sentence, self.weight, unstated=self.recognises
        )

    def read(self, frames: Tensor, lengths: Tensor) -> list[dict[str, Tensor]]:
        """Logits of what recordings (B, T, ...) state; see `Readout`."""
        words, sentence = self.hears(frames, lengths)
        steps = None if words is None else self.hears.steps(lengths)
        return self.reads_out(words, steps, sentence)  # type: ignore[no-any-return]
