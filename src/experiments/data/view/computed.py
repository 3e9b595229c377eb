"""Text features that are made anew for every batch, where their store would be larger than the
pictures: of millions of captions that is terabytes, and a frozen encoder gives them in a moment.

They are those of `data/store/feature.py` but for the last bits, as a batch has another size there.
The rule looks at the data set and its store of pictures alone, so it is the same on every machine.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import nn

from experiments.data.store import spool
from experiments.data.store.choice import weight_of
from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.data.view.captions import Captions
from experiments.terminal.line import amount, say_once


def too_large(dataset: Dataset, split: Split, each: int, quiet: bool = True) -> bool:
    """Whether features of so many bytes a caption are not stored; said in a line unless `quiet`."""
    features = each * len(split.lengths)
    found = too_large_beside(dataset.store, len(split), dataset.size, features)
    if found and not quiet:
        say_once(
            f"text features: computed for every batch, as {amount(features)} of them would be more "
            "than the pictures"
        )
    return found


def too_large_beside(store: str, records: int, size: int, features: int) -> bool:
    """Whether features of so many bytes are not stored: those of more than 100,000 records that
    take more than their pictures of `size` px, 0 where there are none."""
    if records <= spool.LARGE or not size:
        return False
    return features > weight_of(store, records, size)


@torch.no_grad()
def computed(captions: Captions, encoder: Any, precision: torch.dtype, wrong: bool) -> Captions:
    """Captions of a batch with the features that their view does not store, in the type that it
    would store. `encoder`: frozen, on their device. `wrong`: also of wrong captions."""
    assert isinstance(encoder, nn.Module) and not encoder.training, "it is frozen"
    found: dict[str, Any] = {}
    with torch.autocast(captions.tokens.device.type, enabled=False):
        words, sentence = encoder.encode_text(captions.tokens, captions.lengths)  # type: ignore[operator]
        found["words"] = None if words is None else words.to(precision)
        found["sentence"] = sentence.to(precision)
        if wrong:
            assert captions.wrong_tokens is not None and captions.wrong_lengths is not None
            lengths = captions.wrong_lengths.clamp(min=1)  # of a caption that is not there, 0
            other = encoder.encode_text(captions.wrong_tokens, lengths)[1]  # type: ignore[operator]
            found["wrong_sentence"] = other.to(precision)
    return dataclasses.replace(captions, **found)
