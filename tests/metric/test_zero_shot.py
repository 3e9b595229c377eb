from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from experiments.data.store.dataset import Dataset
from experiments.encoder.char_cnn_rnn import CharCNNRNN
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.encoder.joint_embedding import JointEmbedding
from experiments.machine.rank import Ranks
from experiments.metric.picture_retrieval import found_again
from experiments.metric.ranking import average_precision
from experiments.metric.real import real_images
from experiments.metric.result import Result
from experiments.metric.zero_shot import (
    ZeroShot,
    ZeroShotScores,
    captions_by_class,
    class_means,
    precision_at,
    top1,
)


def score(encoder: nn.Module, birds: Dataset, **options: Any) -> Result:
    system = SimpleNamespace(encoder=encoder, resolutions=[16])
    return ZeroShotScores(**options)(system, birds, Ranks("cpu"))


def test_precision_by_hand() -> None:
    """Prototypes along two axes. The first ranks images 0, 1, 3, 2 and the second 2, 3, 1, 0."""
    images = torch.tensor([[4.0, 0.0], [3.0, 1.0], [1.0, 5.0], [2.0, 2.0]])
    classes = torch.tensor([0, 1, 1, 0])
    found = precision_at(images, classes, torch.eye(2).double(), [4, 2, 1])
    assert found == {4: 0.5, 2: (1 / 2 + 1 / 2) / 2, 1: 1.0}
    found = precision_at(images, classes, torch.eye(2).double(), [3])
    assert found == {3: pytest.approx((2 / 3 + 2 / 3) / 2)}


def test_top1_by_hand() -> None:
    """The product decides, not the cosine: a long prototype wins image 1."""
    prototypes = torch.tensor([[1.0, 0.0], [0.0, 4.0]]).double()
    images = torch.tensor([[5.0, 1.0], [3.0, 1.0], [0.0, 1.0]])
    assert top1(images, torch.tensor([0, 0, 1]), prototypes) == pytest.approx(2 / 3)


def test_more_images_than_one_chunk() -> None:
    classes = torch.arange(3000) % 3
    images = torch.eye(3)[classes]
    assert top1(images, classes, torch.eye(3).double()) == 1
    assert precision_at(images, classes, torch.eye(3).double(), [1000]) == {1000: 1.0}
    many = torch.eye(2100)
    assert precision_at(many, torch.arange(2100), many.double(), [1, 3]) == {1: 1, 3: 1 / 3}


def test_random_vectors_are_at_chance() -> None:
    generator = torch.Generator().manual_seed(0)
    classes = torch.arange(4000) % 40
    images = torch.randn(4000, 8, generator=generator)
    prototypes = torch.randn(40, 8, generator=generator).double()
    assert top1(images, classes, prototypes) == pytest.approx(1 / 40, abs=0.01)
    assert precision_at(images, classes, prototypes, [50])[50] == pytest.approx(1 / 40, abs=0.01)


def test_class_means() -> None:
    vectors = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    found = class_means(vectors, torch.tensor([1, 0, 1]))
    assert found.tolist() == [[3.0, 4.0], [3.0, 4.0]]


def test_a_limit_of_captions_is_one_of_each_class(birds: Dataset) -> None:
    split, kept = birds.test, np.ones(len(birds.test), bool)
    labels = split.labels[split.caption_image]
    everything = captions_by_class(split, kept, None, 0)
    assert everything.tolist() == list(range(len(split.tokens)))
    drawn = {seed: captions_by_class(split, kept, 4, seed) for seed in (0, 1)}
    for rows in drawn.values():
        assert len(set(rows.tolist())) == 12
        assert np.unique(labels[rows], return_counts=True)[1].tolist() == [4, 4, 4]
    assert drawn[0].tolist() != drawn[1].tolist()
    assert captions_by_class(split, kept, 10**6, 0).tolist() == everything.tolist()
    some = captions_by_class(split, split.labels == split.labels[0], 4, 0)
    assert len(some) == 4 and set(labels[some]) == {split.labels[0]}


def test_class_centres_by_hand() -> None:
    """Accuracy by class centres and AP@50 of Li et al. 2020 (section IV; the released `jel.py`) are
    these two: the centre of a class is the mean of its captions, a picture is of the class with the
    largest product, and a class retrieves the pictures with the largest.

    Captions (2, 0), (0, 2) of class 0 and (0, 3), (0, 1) of class 1: centres (1, 1) and (0, 2). The
    products of picture (3, 1) are 4, 2: class 0, right; of (1, 3) 4, 6: class 1, right; of (0, 5)
    5, 10: class 1, and it is of class 0. Class 0 retrieves (0, 5), right; class 1 (0, 5), wrong."""
    metric = ZeroShot()
    captions = torch.tensor([[2.0, 0.0], [0.0, 3.0], [0.0, 2.0], [0.0, 1.0]])
    metric.update(captions, torch.tensor([0, 1, 0, 1]), of="captions")
    pictures = torch.tensor([[3.0, 1.0], [1.0, 3.0], [0.0, 5.0]])
    metric.update(pictures, torch.tensor([0, 1, 0]))
    assert metric.compute() == pytest.approx({"top1": 2 / 3, "precision_at_1": 1 / 2})


class Knowing(nn.Module):
    """Gives a picture and a caption the axis of their class, or of the next with `shift`."""

    name = "knowing"

    def __init__(self, birds: Dataset, shift: int = 0) -> None:
        super().__init__()
        self.split, self.shift = birds.test, shift
        self.labels = torch.from_numpy(np.unique(birds.test.labels, return_inverse=True)[1])

    def encode_image(self, images: Tensor) -> tuple[None, Tensor]:
        pixels = real_images(self.split, np.arange(12), 16, torch.device("cpu")).flatten(1)
        rows = torch.cdist(images.flatten(1), pixels).argmin(1)
        return None, torch.eye(3)[(self.labels[rows] + self.shift) % 3]

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        known = torch.from_numpy(self.split.tokens)
        places = (tokens[:, None] == known).all(2).int().argmax(1)
        images = torch.from_numpy(self.split.caption_image)[places]
        return None, torch.eye(3)[self.labels[images]]


@pytest.mark.parametrize(("shift", "share"), [(0, 1.0), (1, 0.0)])
def test_an_oracle_knows_all_and_a_mistaken_one_none(
    shift: int, share: float, birds: Dataset
) -> None:
    scores = score(Knowing(birds, shift), birds).scores
    assert scores["zero_shot/knowing/real"] == share
    assert scores["precision_at_1/knowing/real"] == share
    assert scores["zero_shot/knowing/chance"] == scores["precision_at_10/knowing/chance"] == 1 / 3
    # A class has four pictures: of five at least one is of another.
    assert scores["precision_at_5/knowing/real"] <= (4 / 5 if share else 1 / 5)
    assert scores["precision_at_5/knowing/real"] >= 4 / 5 * share


def test_what_a_class_of_few_pictures_can_reach_is_told(birds: Dataset) -> None:
    extra = score(Knowing(birds), birds).protocol.extra
    assert extra["AP@5 can reach"] == "80.0%" and extra["AP@10 can reach"] == "40.0%"
    assert "AP@1 can reach" not in extra


def test_equals_products_with_means_of_captions_as_the_encoder_reads_them(birds: Dataset) -> None:
    torch.manual_seed(3)
    encoder = JointEmbedding(CharCNNRNN(6, width=8), CNN((4,), (2,), global_width=6), 6).train()
    for parameter in encoder.text.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    result = score(encoder, birds)
    assert encoder.training and encoder.text.training  # as it was, for the next step
    encoder.eval()
    split = birds.test.read_as("characters")
    with torch.no_grad():
        vectors = encoder.encode_image(real_images(split, np.arange(12), 16, torch.device("cpu")))
        tokens, lengths = (torch.from_numpy(x) for x in split.read(np.arange(len(split.tokens))))
        sentences = encoder.encode_text(tokens, lengths)[1]
    labels, of_caption = split.labels, split.labels[split.caption_image]
    means = torch.stack([sentences[of_caption == label].mean(0) for label in np.unique(labels)])
    guess = np.unique(labels)[(vectors[1] @ means.t()).argmax(1)]
    assert result.scores["zero_shot/char_cnn_rnn/real"] == (guess == labels).mean()
    assert result.protocol.n_real == 12
    assert result.protocol.extra["images of a class"] == "4 to 4"


@pytest.mark.parametrize(("shift", "share"), [(0, 1.0), (1, None)])
def test_a_caption_of_each_class_looks_for_its_pictures(
    shift: int, share: float | None, birds: Dataset
) -> None:
    """Four of the twelve pictures are right. With a mistaken encoder the four of the next class
    come first, and the right ones stand among the eight others by chance."""
    result = score(Knowing(birds, shift), birds, retrieval=True)
    if share is None:
        share = average_precision(
            torch.tensor([[1.0] * 4 + [0.0] * 8]),
            torch.tensor([[False] * 4 + [True] * 4 + [False] * 4]),
        ).item()
    assert result.scores["map/knowing/real"] == pytest.approx(share)
    harmonic = sum(1 / n for n in range(1, 13))
    assert result.scores["map/knowing/chance"] == pytest.approx(
        (harmonic + 3 / 11 * (12 - harmonic)) / 12
    )
    assert result.protocol.extra["captions that look for pictures"] == "3, one of each class"
    plain = score(Knowing(birds, shift), birds)
    assert plain.scores == {n: v for n, v in result.scores.items() if not n.startswith("map/")}


def test_an_encoder_that_listens_is_asked_for_them_unless_it_is_said(birds: Dataset) -> None:
    encoder = Knowing(birds)
    assert "map/knowing/real" not in score(encoder, birds).scores
    assert not found_again(None, encoder) and found_again(True, encoder)
    encoder.reads = "speech"
    assert found_again(None, encoder) and not found_again(False, encoder)


def test_too_few_pictures_for_a_score_are_told(
    birds: Dataset, make_encoder: Callable[..., DAMSM]
) -> None:
    result = score(make_encoder(), birds)
    assert result.skipped == {"precision_at_50/damsm": "there are 12 images to retrieve"}
    assert "precision_at_10/damsm/real" in result.scores


def test_classes_that_were_trained_on_are_left_out(
    birds: Dataset, make_encoder: Callable[..., DAMSM]
) -> None:
    unseen = np.unique(birds.test.labels)
    labels = birds.train.labels.copy()
    labels[0] = unseen[0]
    seen = dataclasses.replace(birds, train=dataclasses.replace(birds.train, labels=labels))
    result = score(make_encoder(), seen)
    assert result.scores["zero_shot/damsm/chance"] == 1 / 2
    assert (result.protocol.n_real, result.protocol.extra["unseen classes"]) == (8, 2)
    all_seen = dataclasses.replace(birds, train=birds.test)
    result = score(make_encoder(), all_seen)
    assert not result.scores and "not in the training split" in result.skipped["zero_shot/damsm"]
    result = score(make_encoder(), all_seen, unseen=False)
    assert result.scores["recognition/damsm/chance"] == 1 / 3
    assert result.protocol.extra["classes"] == 3 and result.protocol.n_real == 12
    assert not [name for name in result.scores if name.startswith("zero_shot")]
