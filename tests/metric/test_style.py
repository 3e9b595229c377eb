from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from experiments.data.store.dataset import Dataset
from experiments.generator.base import GeneratorOutput
from experiments.machine.rank import Ranks
from experiments.metric.names import label
from experiments.metric.real import captions_for
from experiments.metric.result import Result
from experiments.metric.style import MEANS, StyleScores, attribute_scores, rms, style_values
from experiments.metric.table import format_table
from experiments.system.seeding import noise_of


class Mean(nn.Module):
    """Reads the noise where `Painter` put it, `factor` times as large."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, images: Tensor) -> Tensor:
        return 4 * self.factor * images.mean((2, 3))


class Painter(nn.Module):
    """Paints the noise, a quarter of it, as one colour; the caption changes nothing."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.resolutions = [16]
        self.style, self.generator = Mean(factor), nn.Identity()

    def read(self, tokens: Tensor, lengths: Tensor) -> None:
        assert not self.training and len(tokens) == len(lengths)

    def noise_of(self, seeds: list[int], device: torch.device) -> tuple[Tensor, Tensor]:
        return noise_of(seeds, 3), torch.zeros(len(seeds), 0)

    def style_of(self, images: Tensor) -> Tensor:
        return self.style(images)  # type: ignore[no-any-return]

    def draw(self, noise: Tensor, epsilon: Tensor, text: Any) -> GeneratorOutput:
        return GeneratorOutput([noise[:, :, None, None].expand(-1, -1, 16, 16) / 4])


class Saying(nn.Module):
    """A classifier that reads the same value of every attribute in every picture."""

    def __init__(self, birds: Dataset, value: int) -> None:
        super().__init__()
        self.sizes = {name: len(values) for name, values in birds.attribute_values.items()}
        self.value = value

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        assert images.abs().max() <= 1, "pictures as they would be saved"
        rows = torch.full((len(images),), self.value)
        return {name: torch.eye(size)[rows] for name, size in self.sizes.items()}


def score(system: nn.Module, birds: Dataset, **rest: Any) -> Result:
    result = StyleScores(**rest)(system.train(), birds, Ranks("cpu"))
    assert system.training, "as it was, for the next step"
    return result


def test_the_scores_by_hand() -> None:
    found = {
        "noise": torch.tensor([[1.0, -1.0], [2.0, 0.0]]),
        "read": torch.tensor([[0.0, -1.0], [2.0, 3.0]]),
        "read_of_other_caption": torch.tensor([[0.0, -5.0], [-3.0, 2.0]]),
        "read_of_other_noise": torch.tensor([[0.0, 2.0], [4.0, 6.0]]),
        **{name: torch.tensor([1.0, 4.0]) for name in ("redrawn", "redrawn_chance")},
        **{name: torch.tensor([3.0, 4.0]) for name in ("query", "query_chance")},
    }
    values = style_values(found)
    assert tuple(values) == MEANS
    assert {name: each.mean().item() for name, each in values.items()} == pytest.approx(
        {
            "noise_error/style": (1 + 9) / 4,
            "style_cosine/style": (1 + 0) / 2,
            "style_cosine/style/chance": (-1 + 1) / 2,
            "redrawn/style": 2.5,
            "redrawn/style/chance": 2.5,
            "query_redrawn/style": 3.5,
            "query_redrawn/style/chance": 3.5,
        }
    )


def test_distances_are_in_grey_levels() -> None:
    black, grey = torch.full((2, 3, 4, 4), -1.0), torch.full((2, 3, 4, 4), 0.0)
    grey[1] = 1.0
    torch.testing.assert_close(rms(black, grey), torch.tensor([127.5, 255.0]))
    half = black.clone()
    half[:, :, :2] = 1.0
    torch.testing.assert_close(rms(black, half), torch.full((2,), 255 / 2**0.5))


def test_attributes_by_hand() -> None:
    """The first caption states the pose, the second a colour, the third nothing."""
    query = torch.tensor([[0, 1], [1, 2], [2, 0]])
    stated = torch.tensor([[2, -1], [-1, 4], [-1, -1]])
    predicted = torch.tensor([[2, 1], [1, 4], [0, 0]])
    by_chance = torch.tensor([[0, 1], [0, 1], [0, 0]])
    found = attribute_scores(predicted, by_chance, query, stated, ["pose", "wing"], ["wing"])
    assert found == {
        "attribute_kept/pose": 0.5,  # of the second and the third
        "attribute_kept/pose/chance": 0.0,
        "attribute_accuracy/colour": 1.0,
        "attribute_accuracy/colour/chance": 1.0,
    }
    unknown = torch.full_like(query, -1)
    found = attribute_scores(predicted, by_chance, unknown, stated, ["pose", "wing"], ["wing"])
    assert "attribute_kept/pose" not in found


def test_an_encoder_that_reads_all(birds: Dataset) -> None:
    result = score(Painter(), birds, samples=30)
    scores = result.scores
    assert scores["noise_error/style"] == pytest.approx(0, abs=1e-10)
    assert scores["noise_error/style/chance"] == 1
    assert scores["style_cosine/style"] == pytest.approx(1)
    assert abs(scores["style_cosine/style/chance"]) < 0.5
    assert scores["redrawn/style"] == pytest.approx(0, abs=1e-4)
    assert scores["redrawn/style/chance"] > 20
    # One colour cannot be a bird, but the mean colour is nearer than another one.
    assert 10 < scores["query_redrawn/style"] < scores["query_redrawn/style/chance"]
    assert list(result.skipped) == ["attribute_kept"]
    assert (result.protocol.n_fake, result.protocol.captions_per_image) == (30, 3)


def test_an_encoder_that_knows_nothing(birds: Dataset) -> None:
    scores = score(Painter(factor=0.0), birds, samples=200).scores
    assert scores["noise_error/style"] == pytest.approx(1, abs=0.15)
    assert scores["style_cosine/style"] == scores["style_cosine/style/chance"] == 0


def test_only_what_the_other_caption_leaves_open_counts_as_kept(birds: Dataset) -> None:
    result = score(Painter(), birds, classifier=Saying(birds, 1), samples=12)
    split, names = birds.test, list(birds.attribute_values)
    captions = captions_for(split, 12, 0)
    others, queries = np.roll(captions, -1), split.caption_image[captions]
    for name in set(names) - set(birds.colour_attributes):
        column = names.index(name)
        open_ = ~split.mentions[others, column]
        expected = (split.attributes[queries, column] == 1)[open_].mean()
        assert result.scores[f"attribute_kept/{name}"] == pytest.approx(expected)
        assert result.scores[f"attribute_kept/{name}/chance"] == pytest.approx(expected)
    assert not any(f"attribute_kept/{name}" in result.scores for name in birds.colour_attributes)
    assert not result.skipped and "classifier" in result.protocol.weights


def test_another_process_and_another_run_find_the_same(birds: Dataset) -> None:
    first, second = (score(Painter(), birds, samples=12).scores for _ in range(2))
    assert first == second
    assert first != score(Painter(), birds, samples=12, seed=1).scores


def test_a_person_can_read_the_table(birds: Dataset) -> None:
    result = score(Painter(), birds, classifier=Saying(birds, 0), samples=12)
    table = format_table(result.scores, result.protocol, result.skipped)
    assert "squared error of the noise (style)" in table and "attribute kept (pose)" in table
    assert all(label(name) != name for name in result.scores)
    (row,) = (line for line in table.splitlines() if "kept (pose)" in line)
    assert row.count("%") == 2
    with pytest.raises(AssertionError, match="samples=1"):
        StyleScores(samples=1)
