from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from experiments.data.store.dataset import Dataset
from experiments.encoder.damsm import DAMSM
from experiments.machine.rank import Ranks
from experiments.metric.embedding_retrieval import BothWays, tell_found, tell_recall
from experiments.metric.r_precision import r_precision
from experiments.metric.real import captions_for, real_images
from experiments.metric.result import Result, Scored
from experiments.metric.retrieval import RetrievalScores


def score(encoder: nn.Module, birds: Dataset, samples: int = 12) -> Result:
    system = SimpleNamespace(encoder=encoder, resolutions=[16])
    return RetrievalScores(samples, candidates=5)(system, birds, Ranks("cpu"))


def test_equals_r_precision_of_the_pictures_and_their_captions(
    birds: Dataset, make_encoder: Callable[..., DAMSM]
) -> None:
    encoder = make_encoder().train()
    result = score(encoder, birds)
    assert encoder.training and encoder.text.training  # as it was, for the next step
    encoder.eval()
    split = birds.test
    rows = captions_for(split, 12, 0)
    images = split.caption_image[rows]
    with torch.no_grad():
        pictures = real_images(split, images, 16, torch.device("cpu"))
        vectors = encoder.encode_image(pictures)[1]
        tokens, lengths = torch.from_numpy(split.tokens), torch.from_numpy(split.lengths)
        sentences = encoder.encode_text(tokens[rows], lengths[rows])[1]
    labels = torch.from_numpy(split.labels[images])
    expected = r_precision(vectors, sentences, labels, 5, 10, 0)
    assert result.scores["r_precision/damsm/real"] == expected.mean
    assert result.scores["r_precision/damsm/real/std"] == expected.std
    assert result.scores["r_precision/damsm/chance"] == 1 / 5


def test_a_split_of_few_pictures_is_scored(
    birds: Dataset, make_encoder: Callable[..., DAMSM]
) -> None:
    found = score(make_encoder(), birds, samples=3)
    assert found.protocol.n_real == 3 and 0 <= found.scores["r_precision/damsm/real"] <= 1


def test_one_picture_has_nothing_to_be_confused_with(
    birds: Dataset, make_encoder: Callable[..., DAMSM]
) -> None:
    found = score(make_encoder(), birds, samples=1)
    assert not found.scores and "one class" in found.skipped["r_precision/damsm"]


class Knowing(nn.Module):
    """Gives a picture and the captions of its image one direction of their own."""

    name = "damsm"

    def __init__(self, birds: Dataset, shift: int = 0) -> None:
        super().__init__()
        self.split, self.shift = birds.test, shift

    def encode_image(self, images: Tensor) -> tuple[Tensor, Tensor]:
        pixels = torch.tensor(self.split.images).permute(0, 3, 1, 2) / 127.5 - 1
        rows = torch.cdist(images.flatten(1), pixels.flatten(1)).argmin(1)
        return images, torch.eye(12)[(rows + self.shift) % 12]

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        known = self.split.tokens[captions_for(self.split, 12, 0)]
        images = self.split.caption_image[captions_for(self.split, 12, 0)]
        place = (tokens[:, None] == torch.from_numpy(known)).all(2).int().argmax(1)
        return tokens, torch.eye(12)[torch.from_numpy(images)[place]]


@pytest.mark.parametrize(("shift", "share"), [(0, 1.0), (4, 0.0)])
def test_an_oracle_finds_all_and_a_mistaken_one_none(
    shift: int, share: float, birds: Dataset
) -> None:
    assert score(Knowing(birds, shift), birds).scores["r_precision/damsm/real"] == share


def test_at_most_one_caption_of_each_picture(
    birds: Dataset, make_encoder: Callable[..., DAMSM]
) -> None:
    protocol = score(make_encoder(), birds, samples=1000).protocol
    assert (protocol.n_real, protocol.n_fake) == (12, 0)


def test_recall_both_ways_by_hand() -> None:
    """Captions at 0, 30 and 90 degrees, their pictures at 20, 40 and 50, thousandfold as long.

    Captions look: 0 finds 20, its own; 30 finds 20 and 40, equally near: half of an own one; 90
    finds 50: its own. Pictures look: 20 finds 30; 40 finds 30, its own; 50 finds 30. So 5/6 and
    1/3, and by chance 1/3."""
    angles = torch.tensor([[20.0, 40.0, 50.0], [0.0, 30.0, 90.0]]).deg2rad()
    pictures, captions = torch.stack([angles.cos(), angles.sin()], 2)
    metric = BothWays()
    metric.update(1000 * pictures, captions)
    assert metric.compute() == {1: pytest.approx((5 / 6, 1 / 3, 1 / 3))}
    found = Scored()
    tell_recall(found, "sed", metric)
    assert found.scores == pytest.approx(
        {
            "recall_at_1/sed/real": 7 / 12,
            "picture_recall_at_1/sed/real": 5 / 6,
            "caption_recall_at_1/sed/real": 1 / 3,
            "recall_at_1/sed/chance": 1 / 3,
            "picture_recall_at_1/sed/chance": 1 / 3,
            "caption_recall_at_1/sed/chance": 1 / 3,
        }
    )


@pytest.mark.parametrize(("shift", "share"), [(0, 1.0), (4, 0.0)])
def test_recall_is_taken_where_it_is_asked_for(shift: int, share: float, birds: Dataset) -> None:
    system = SimpleNamespace(encoder=Knowing(birds, shift), resolutions=[16])
    plain, more = (
        RetrievalScores(12, candidates=5, retrieval=asked)(system, birds, Ranks("cpu")).scores
        for asked in (None, True)
    )
    assert more["recall_at_1/damsm/real"] == share
    assert more["recall_at_10/damsm/chance"] == 10 / 12
    assert plain == {name: value for name, value in more.items() if "recall_at_" not in name}


def test_one_picture_is_too_few_to_look_for_one() -> None:
    metric = BothWays()
    metric.update(torch.ones(1, 2), torch.ones(1, 2))
    found = Scored()
    tell_recall(found, "sed", metric)
    assert found.skipped == {"recall_at_k/sed": "1 image: too few to look for one"}


def test_captions_that_look_for_their_real_picture() -> None:
    """Twelve pictures on the axes: ten captions lie on their own, and two on each other's."""
    pictures = torch.eye(12)
    captions = torch.eye(12)[[*range(10), 11, 10]]
    metric, found = BothWays(), Scored()
    metric.update(pictures, captions)
    tell_found(found, "damsm", metric)
    assert found.scores["picture_recall_at_1/damsm/real"] == pytest.approx(10 / 12)
    assert found.scores["picture_recall_at_1/damsm/chance"] == pytest.approx(1 / 12)
    # Eleven others are equally far from the two: their own is among the four that follow.
    assert found.scores["picture_recall_at_5/damsm/real"] == pytest.approx((10 + 2 * 4 / 11) / 12)
    assert set(found.scores) == {
        f"picture_recall_at_{count}/damsm/{of}" for count in (1, 5, 10) for of in ("real", "chance")
    }
