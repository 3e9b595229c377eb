"""What a text encoder makes of captions with one wrong word (`data/view/altered.py`)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from experiments.data.view.captions import Captions
from experiments.loss.damsm import Altered
from experiments.system.seeding import Step
from experiments.system.text import Text


def altered_of(encoder: Any, captions: Captions) -> Altered | None:
    """Features of the altered captions of a batch, in float32 as the captions' own are; None where
    their view alters none."""
    if captions.altered is None:
        return None
    batch, count, _ = captions.altered.shape
    with torch.autocast(captions.tokens.device.type, enabled=False):
        words, sentence = encoder.encode_text(
            captions.altered.flatten(0, 1), captions.lengths.repeat_interleave(count)
        )
    changed = (captions.altered != captions.tokens[:, None]).any(2)
    if words is not None:
        words = words.unflatten(0, (batch, count))
    return Altered(words, sentence.unflatten(0, (batch, count)), changed)


def gathered(altered: Altered | None, step: Step) -> Altered | None:
    """Those of all processes."""
    if altered is None:
        return None
    words = None if altered.words is None else step.gather(altered.words)
    return Altered(words, step.gather(altered.sentence), step.gather(altered.changed))


def with_altered(text: Text, altered: Altered) -> Text:
    """A text whose wrong sentences are of altered captions, where there is one."""
    assert text.wrong is not None, "wrong pairs are not given"
    return replace(text, wrong=altered.sentence[:, 0].where(altered.changed[:, :1], text.wrong))
