"""What captions state, read out of vectors: by hand, of random vectors, and of real encoders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from experiments.data.store.dataset import Dataset
from experiments.encoder.damsm import DAMSM
from experiments.machine.rank import Ranks
from experiments.metric.result import Result
from experiments.metric.retrieval import RetrievalScores
from experiments.metric.stated import (
    STRENGTHS,
    StatedAttributes,
    apply,
    fitted,
    readout,
    stated_values,
)
from experiments.metric.zero_shot import ZeroShotScores
from experiments.terminal.error import UserError


def score(encoder: nn.Module, birds: Dataset, stated: int | None = 6000) -> Result:
    system = SimpleNamespace(encoder=encoder, resolutions=[16])
    return RetrievalScores(12, 5, stated=stated)(system, birds, Ranks("cpu"))


def test_a_readout_by_hand() -> None:
    """One feature, -1 and 3 of value 0 and 1, so mean 1 and deviation 2: z = -1, 1. Both targets
    have mean 1/2; z'z/n = 1 and z'(y - 1/2)/n = -+1/2, so at strength s the slope is -+1/2/(1 + s),
    at s = 1 one quarter, told of x itself one eighth."""
    vectors, values = torch.tensor([[-1.0], [3.0]]), torch.tensor([0, 1])
    (weights,) = fitted(vectors, values, 2, [1.0])
    torch.testing.assert_close(weights.float(), torch.tensor([[-1 / 8, 1 / 8], [5 / 8, 3 / 8]]))
    assert apply(weights, torch.tensor([[0.9], [1.1]])).tolist() == [0, 1]


def test_equals_the_normal_equations_of_the_whole_problem() -> None:
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(50, 4, generator=generator).double() * torch.tensor([1, 5, 0.1, 2.0])
    values = torch.randint(0, 3, (50,), generator=generator)
    (weights,) = fitted(vectors, values, 3, [0.5])
    scaled = (vectors - vectors.mean(0)) / vectors.std(0, correction=0)
    design = torch.cat([scaled, torch.ones(50, 1)], 1)
    held = 50 * torch.diag(torch.tensor([0.5, 0.5, 0.5, 0.5, 0])).double()
    solved = torch.linalg.solve(
        design.T @ design + held, design.T @ nn.functional.one_hot(values).double()
    )
    given = torch.cat([vectors, torch.ones(50, 1).double()], 1) @ weights
    torch.testing.assert_close(given, design @ solved)


def test_a_readout_does_not_see_the_scale_or_the_place_of_a_feature() -> None:
    generator = torch.Generator().manual_seed(1)
    vectors = torch.randn(200, 6, generator=generator)
    values = (vectors @ torch.randn(6, 4, generator=generator)).argmax(1)
    groups = torch.arange(200) // 10
    other = vectors * torch.tensor([1, 100, 0.01, -3, 5, 2]) + 7
    found = apply(readout(vectors, values, groups), vectors)
    assert torch.equal(apply(readout(other, values, groups), other), found)
    assert (found == values).float().mean() > 0.8


def test_the_strength_is_chosen_by_groups_that_are_held_out() -> None:
    """One feature tells the value of four captions in five, forty-nine are noise: a weak ridge fits
    that, too, and reads other captions worse, which those it was fitted on do not show."""
    generator = torch.Generator().manual_seed(2)
    vectors = torch.randn(560, 50, generator=generator)
    values = ((vectors[:, 0] > 0) ^ (torch.rand(560, generator=generator) < 0.2)).long()
    weights = {
        "chosen": readout(vectors[:60], values[:60], torch.arange(60) // 2),
        "weakest": fitted(vectors[:60], values[:60], 2, STRENGTHS[-1:])[0],
    }
    right = {name: apply(found, vectors) == values for name, found in weights.items()}
    assert right["weakest"][:60].sum() > right["chosen"][:60].sum()
    assert right["chosen"][60:].sum() > 1.1 * right["weakest"][60:].sum()


def stated(metric: StatedAttributes) -> StatedAttributes:
    """Attribute a is the first feature, b is nowhere in the vectors, c no training caption states.
    Of the test's four captions three state a, all state b."""
    train = torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0], [1.0, 1.0]]).repeat(5, 1)
    said = torch.tensor([[0, 1, -1], [1, 1, -1], [0, 1, -1], [1, 0, -1]]).repeat(5, 1)
    metric.update(train, said, torch.arange(20), of="train")
    test = torch.tensor([[0.0, 1.0], [1.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
    asked = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0], [-1, 0, 0]])
    metric.update(test, asked, of="test")
    return metric


def test_accuracy_and_chance_by_hand() -> None:
    """a is read as 0, 1, 1: two of three right; of the commonest, 0 (as often as 1, and first), two
    of three, too. b is read as 1 everywhere, its commonest value: one of four."""
    shown = stated(StatedAttributes(["a", "b", "c"], ["a"])).compute()
    assert shown.accuracy == pytest.approx(
        {"a": 2 / 3, "b": 1 / 4, "mean": 11 / 24, "colour": 2 / 3}
    )
    assert shown.chance == pytest.approx({"a": 2 / 3, "b": 1 / 4, "mean": 11 / 24, "colour": 2 / 3})
    assert shown.hits[:, 2].isnan().all() and shown.hits[3, 0].isnan()


def test_vectors_that_say_nothing_are_at_chance() -> None:
    metric = StatedAttributes(["a"])
    generator = torch.Generator().manual_seed(3)
    said = torch.multinomial(torch.tensor([0.5, 0.3, 0.2]), 900, True, generator=generator)[:, None]
    metric.update(torch.ones(600, 8), said[:600], torch.arange(600), of="train")
    metric.update(torch.ones(300, 8), said[600:], of="test")
    shown = metric.compute()
    assert shown.accuracy == shown.chance
    assert shown.chance["a"] == (said[600:] == 0).double().mean()


def test_nothing_is_stated_on_both_sides() -> None:
    metric = StatedAttributes(["a", "b"])
    metric.update(torch.eye(2), torch.tensor([[0, -1], [1, -1]]), torch.arange(2), of="train")
    metric.update(torch.eye(2), torch.tensor([[-1, 0], [-1, 0]]), of="test")
    with pytest.raises(UserError, match="both splits"):
        metric.compute()


def test_vectors_that_are_not_finite_have_no_score() -> None:
    metric = stated(StatedAttributes(["a", "b", "c"]))
    metric.update(torch.full((1, 2), torch.nan), torch.zeros(1, 3).long(), of="test")
    with pytest.raises(UserError, match="1 of 5 test captions gave NaN"):
        metric.compute()


class Telling(nn.Module):
    """Gives for a caption what it states, or nothing, one feature for each value."""

    name = "telling"

    def __init__(self, birds: Dataset, tell: bool = True) -> None:
        super().__init__()
        self.tell, self.sizes = tell, [len(v) for v in birds.attribute_values.values()]
        self.known = {}
        for split in (birds.train, birds.test):
            rows = np.arange(len(split.caption_image))
            for tokens, values in zip(split.tokens, stated_values(split, rows), strict=True):
                self.known[tokens.tobytes()] = values

    def encode_image(self, images: Tensor) -> tuple[None, Tensor]:
        return None, torch.randn(len(images), sum(self.sizes))

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        found = []
        for row in tokens.numpy():
            values = self.known[row.tobytes()].tolist()
            pairs = zip(values, self.sizes, strict=True)
            bits = [float(value == k and self.tell) for value, n in pairs for k in range(n)]
            found.append(bits)
        return None, torch.tensor(found)


def test_an_oracle_is_read_right_and_a_silent_one_at_chance(birds: Dataset) -> None:
    birds = replace(birds, train=birds.test)  # five species do not show all colours of the others
    found = score(Telling(birds), birds).scores
    silent = score(Telling(birds, tell=False), birds).scores
    assert found["stated/colour"] > 0.95 and found["stated/mean"] > 0.95
    assert silent["stated/colour"] == silent["stated/colour/chance"] < found["stated/colour"]
    assert found["stated/colour/chance"] == silent["stated/colour/chance"]


def test_a_scorer_tells_of_an_encoder_what_the_metric_gives(
    birds: Dataset, make_encoder: Callable[..., DAMSM]
) -> None:
    encoder = make_encoder().train()
    result = score(encoder, birds)
    assert encoder.training  # as it was, for the next step
    again = score(encoder, birds)
    assert again.scores == result.scores  # it is drawn by a seed
    system = SimpleNamespace(encoder=encoder, resolutions=[16])
    other = ZeroShotScores(stated=6000)(system, birds, Ranks("cpu"))
    names = [name for name in result.scores if name.startswith("stated/")]
    assert "stated/mean" in names and "stated/colour/chance" in names
    assert {name: other.scores[name] for name in names} == {n: result.scores[n] for n in names}
    train = len(birds.train.caption_image)
    assert result.protocol.extra["captions that readouts are fitted on"] == min(6000, train)
    some = score(encoder, birds, stated=30).protocol.extra
    assert some["captions that readouts are fitted on"] == 30
    assert some["captions that readouts are asked about"] == 10


def test_no_such_scores_where_they_are_not_asked_for_or_nothing_is_known(
    birds: Dataset, make_encoder: Callable[..., DAMSM]
) -> None:
    assert not [n for n in score(make_encoder(), birds, None).scores if n.startswith("stated")]
    plain = replace(birds, attribute_values={}, colour_attributes=())
    found = score(make_encoder(), plain)
    assert found.skipped == {"stated": "this data set states no attributes"}
