"""The text of a batch, as a frozen encoder gives it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from experiments.data.view.captions import Captions, before
from experiments.system.base import Samples


@dataclass(frozen=True)
class Text:
    """sentence (B, D); wrong (B, D): the sentence of another image, None without wrong pairs; words
    (B, D, T) and mask (B, T), True on words, of encoders that have them; paired: the rows whose
    wrong pairs are judged, None for all; share: what their mean counts (`with_pairs`)."""

    sentence: Tensor
    wrong: Tensor | None = None
    words: Tensor | None = None
    mask: Tensor | None = None
    paired: Tensor | None = None
    share: float = 1.0


@runtime_checkable
class OfText(Protocol):
    """A system that makes clips of text and noise alone, and so also of what lies between two
    captions. `noise_count`: numbers of noise for a clip."""

    @property
    def noise_count(self) -> int: ...

    def of_text(self, text: Text, noise: Tensor) -> Samples:
        """Clips of text (B) and noise (B, noise_count)."""
        ...


def text_of(captions: Captions) -> Text:
    """The text of captions that were encoded before, in float32."""
    assert captions.sentence is not None, "captions are not encoded"
    wrong, words = captions.wrong_sentence, captions.words
    return Text(
        captions.sentence.float(),
        None if wrong is None else wrong.float(),
        None if words is None else words.float(),
        None if words is None else captions.word_mask(words.shape[2]),
    )


def with_pairs(text: Text, captions: Captions, batch: int) -> Text:
    """The text of some rows of a batch of which one has no wrong pair, as released: means over the
    pairs that are there add up, over all processes and parts of the batch, to the mean of all.

    It waits for the device: how many of these rows have a pair decides shapes.
    """
    assert captions.wrong_rows is not None, "wrong pairs are not given"
    paired = (captions.wrong_rows >= 0).nonzero().flatten()
    rows = len(text.sentence)
    share = len(paired) / rows * batch / (batch - 1)
    return replace(text, paired=paired if len(paired) else None, share=share)


def encoded(encoder: Any, tokens: Tensor, lengths: Tensor) -> Text:
    """The text of tokens (B, T) with lengths (B,), with words where the encoder has them; in
    float32, as training has it, whatever what draws is computed in."""
    with torch.autocast(tokens.device.type, enabled=False):
        words, sentence = encoder.encode_text(tokens, lengths)
    if words is None:
        return Text(sentence)
    steps = encoder.steps(lengths).to(tokens.device)
    return Text(sentence, None, words, before(steps, words.shape[2]))
