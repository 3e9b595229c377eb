"""The loss of what captions state of their attributes, where a data set knows it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.encoder.readout import Readout
from experiments.system.base import Losses, Term
from experiments.system.classifier import known_cross_entropy


def readout_for(
    dim: int, attribute_values: Mapping[str, int] | None, words: bool, weight: float
) -> Readout | None:
    """What reads attributes out of an encoder while it trains; None without weight, and where the
    data set states none."""
    return Readout(dim, attribute_values, words) if weight and attribute_values else None


def stated_losses(
    readout: Readout,
    batch: Batch,
    words: Tensor | None,
    sentence: Tensor,
    weight: float,
    unstated: bool = False,
) -> Losses:
    """Cross-entropy of every attribute over the captions that state it, the mean of all ways to
    read it out. words (B, dim, S) or None, sentence (B, dim). `unstated`: the last logit of each is
    for captions that do not state it, which count then."""
    captions, stated = batch.of(Captions), batch.attributes
    if captions.mentions is not None:
        stated = stated.masked_fill(~captions.mentions, -1)
    ways = readout(words, captions.places, sentence)
    losses: Losses = {}
    for name, target in zip(readout.names, stated.unbind(1), strict=True):
        if unstated:
            target = target.where(target >= 0, ways[0][name].shape[1] - 1)
        terms = [known_cross_entropy(way[name].float(), target) for way in ways]
        losses[f"stated/{name}"] = Term(torch.stack(terms).mean(), weight)
    return losses
