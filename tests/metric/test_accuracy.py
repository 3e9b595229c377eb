from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from experiments.data.store.dataset import Dataset
from experiments.machine.rank import Ranks
from experiments.metric.accuracy import AccuracyScores
from experiments.metric.result import Result


class Knowing(nn.Module):
    """Reads the attributes of test pictures, or their class; `wrong` is read one value off."""

    def __init__(self, birds: Dataset, wrong: str = "", classes: int = 0) -> None:
        super().__init__()
        self.split, self.wrong = birds.test, wrong
        self.sizes = {name: len(values) for name, values in birds.attribute_values.items()}
        if classes:
            self.sizes = {"class": classes}
        self.columns = list(range(len(self.sizes)))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        assert not self.training
        pixels = torch.tensor(self.split.images).permute(0, 3, 1, 2) / 127.5 - 1
        rows = torch.cdist(images.flatten(1), pixels.flatten(1)).argmin(1)
        truth = torch.from_numpy(self.split.attributes)[rows]
        if "class" in self.sizes:
            truth = torch.from_numpy(self.split.labels)[rows, None]
        return {
            name: torch.eye(size)[(value + (name == self.wrong)) % size]
            for (name, size), value in zip(self.sizes.items(), truth.unbind(1), strict=True)
        }


def score(
    network: nn.Module, birds: Dataset, samples: int = 1000, trained_on: str = "train"
) -> Result:
    system = SimpleNamespace(encoder=network.train(), resolutions=[16], trained_on=trained_on)
    result = AccuracyScores(samples)(system, birds, Ranks("cpu"))
    assert network.training
    return result


def test_each_attribute_and_their_mean(birds: Dataset) -> None:
    scores = score(Knowing(birds, wrong="pose"), birds).scores
    count = len(birds.attribute_values)
    assert scores.pop("attribute_accuracy/pose/real") == 0
    assert scores.pop("attribute_accuracy/mean/real") == pytest.approx((count - 1) / count)
    assert set(scores.values()) == {1.0} and len(scores) == count
    assert "attribute_accuracy/colour/real" in scores


def test_a_share_of_the_pictures_is_enough(birds: Dataset) -> None:
    assert score(Knowing(birds), birds, samples=5).protocol.n_real == 5


def test_pictures_that_it_was_trained_on_give_no_accuracy(birds: Dataset) -> None:
    result = score(Knowing(birds, classes=8), birds, trained_on="test")
    assert result.scores == {}
    assert result.skipped == {"attribute_accuracy": "it was trained on these pictures"}


def test_classes_count_only_where_they_were_trained(birds: Dataset) -> None:
    """The test species of the birds are others than those trained on."""
    result = score(Knowing(birds, classes=8), birds)
    assert not result.scores and "class" in result.skipped["attribute_accuracy"]
    shared = replace(birds, train=birds.test, attribute_values={}, colour_attributes=())
    scores = score(Knowing(birds, classes=8), shared).scores
    assert scores["attribute_accuracy/class/real"] == scores["attribute_accuracy/mean/real"] == 1
