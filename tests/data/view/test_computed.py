"""Text features that are made for each batch are those that would have been stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from experiments.data.batches import Batches
from experiments.data.store import spool
from experiments.data.store.dataset import Dataset
from experiments.data.view.base import held_in
from experiments.data.view.caption import CaptionView
from experiments.data.view.captions import Captions
from experiments.data.view.computed import too_large_beside
from experiments.data.view.picture import PictureView


class Encoder(nn.Module):
    """Words are embeddings, zero on the padding; the sentence is their mean."""

    dim = 6

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.embedding = nn.Parameter(torch.randn(500, 6, generator=generator))
        self.eval()

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        assert bool((lengths > 0).all())
        kept = torch.arange(tokens.shape[1]) < lengths[:, None]
        words = self.embedding[tokens] * kept[..., None]
        return words.transpose(1, 2), words.sum(1) / lengths[:, None]


@pytest.mark.parametrize("mismatch", ["none", "roll", "roll_released"])
def test_they_are_those_that_would_be_stored(
    open_tiny: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch, mismatch: str
) -> None:
    dataset = open_tiny(count=100)

    def batches() -> Batches:
        asked = [CaptionView(mismatch=mismatch, encoder=Encoder()), PictureView([8])]
        views = [v.open(dataset, dataset.train) for v in held_in(asked, torch.float16)]
        return Batches(dataset.train, 8, 0, views)

    stored = batches()
    monkeypatch.setattr(spool, "LARGE", 3)
    made = batches()
    assert stored.views[0].stores and not made.views[0].stores
    for seen in (0, 40):
        one, other = (b.ready(b.at(seen)).of(Captions) for b in (stored, made))
        there = torch.ones(8, dtype=torch.bool) if mismatch == "none" else one.wrong_rows >= 0
        assert torch.equal(one.words, other.words) and torch.equal(one.sentence, other.sentence)
        assert other.words is not None and other.words.dtype == torch.float16
        assert (
            (one.wrong_sentence is None) == (other.wrong_sentence is None) == (mismatch == "none")
        )
        if one.wrong_sentence is not None and other.wrong_sentence is not None:
            assert torch.equal(one.wrong_sentence[there], other.wrong_sentence[there])


def test_the_mean_of_several_stays_stored(
    open_tiny: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "LARGE", 3)
    view = CaptionView(encoder=Encoder(), average=2)
    dataset = open_tiny(count=40)
    assert view.open(dataset, dataset.train).stores


def test_the_rule() -> None:
    picture = 304 * 304 * 3
    assert not too_large_beside("pixels", 100_000, 304, 100_000 * picture + 1)  # not so many
    assert too_large_beside("pixels", 100_001, 304, 100_001 * picture + 1)
    assert not too_large_beside("pixels", 100_001, 304, 100_001 * picture)
    assert too_large_beside("stream", 100_001, 304, 100_001 * picture // 2)
    assert not too_large_beside("", 1_000_000, 0, np.iinfo(np.int64).max)
