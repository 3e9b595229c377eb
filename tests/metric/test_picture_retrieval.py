"""Real pictures that find generated ones: by hand, published counts, chance, in any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from experiments.metric.picture_retrieval import MeanAveragePrecision, Recall
from experiments.metric.result import Scored
from experiments.metric.rows import Rows
from experiments.terminal.error import UserError


def at(*degrees: float) -> Tensor:
    """Unit vectors (n, 2) of so many lengths, which a cosine does not see."""
    angles = torch.tensor(degrees).deg2rad()
    lengths = torch.arange(1, len(degrees) + 1)[:, None]
    return torch.stack([angles.cos(), angles.sin()], 1) * lengths


def filled(metric: Any, order: list[int] | None = None) -> Any:
    """Two real pictures at 0 and 90 degrees, of class 0 and 1; of the captions of each two
    generated ones: 10 and 60 of class 0, 50 and 80 of class 1."""
    metric.update(at(0, 90), torch.tensor([0, 1]), torch.tensor([7, 9]), of="queries")
    rows = order or [0, 1, 2, 3]
    classes, images = torch.tensor([0, 0, 1, 1])[rows], torch.tensor([7, 7, 9, 9])[rows]
    metric.update(at(10, 60, 50, 80)[rows], classes, images)
    return metric


def test_mean_average_precision_by_hand() -> None:
    """From 0 degrees: 10, 50, 60, 80, right are places 1 and 3; from 90: 80, 60, 50, 10, right are
    places 1 and 3, too: (1 + 2/3) / 2. Of a ranking by chance, right at each pair of places:"""
    found = filled(MeanAveragePrecision()).compute()
    assert found.values[:2].tolist() == pytest.approx([5 / 6, 5 / 6])
    assert found.mean.item() == pytest.approx(5 / 6)
    pairs = [(1 / a + 2 / b) / 2 for a in range(1, 5) for b in range(a + 1, 5)]
    assert found.chance.item() == pytest.approx(sum(pairs) / 6)
    assert len(found.values) == 4 and found.values[2:].isnan().all()  # two more are generated


def test_recall_by_hand() -> None:
    """The nearest is the query's own; of two pictures drawn of four, neither is one's own in one
    pair of six."""
    found = filled(Recall([1, 2, 50])).compute()
    assert set(found) == {"recall_at_1", "recall_at_2"}  # fifty would be all
    assert [found[name].mean.item() for name in found] == [1, 1]
    assert found["recall_at_1"].chance.item() == pytest.approx(1 / 2)
    assert found["recall_at_2"].chance.item() == pytest.approx(5 / 6)


def test_recall_asks_for_its_own_and_not_for_its_class() -> None:
    metric = Recall([1, 2, 3])
    metric.update(at(0), torch.tensor([0]), torch.tensor([7]), of="queries")
    metric.update(at(10, 20, 30, 40), torch.tensor([0, 0, 0, 0]), torch.tensor([1, 2, 7, 7]))
    assert [value.mean.item() for value in metric.compute().values()] == [0, 0, 1]


@pytest.mark.parametrize("kind", [MeanAveragePrecision, Recall])
def test_no_order_of_the_pictures_counts(kind: Any) -> None:
    def plain(found: Any) -> list[float]:
        values = found.values() if isinstance(found, dict) else [found]
        return [value.mean.item() for value in values]

    assert plain(filled(kind(), [2, 0, 3, 1]).compute()) == plain(filled(kind()).compute())


def test_real_pictures_find_others_of_their_class_and_not_themselves() -> None:
    """At 0, 10, 20 and 90 degrees; class 0 at 0 and 20. 0 finds 10, 20, 90: 1/2; 20 finds 10, 0,
    90: 1/2. 10 and 90 are class 1: 10 finds 0 and 20 (equally near), 90: 1/3; 90 finds 20, 10: 1/2.
    """
    metric = MeanAveragePrecision(among_real=True)
    labels, images = torch.tensor([0, 1, 0, 1]), torch.arange(4)
    metric.update(at(0, 10, 20, 90), labels, images, of="queries")
    found = metric.compute()
    assert found.values.tolist() == pytest.approx([1 / 2, 1 / 3, 1 / 2, 1 / 2])
    assert found.chance.item() == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)  # one of three is right


def cub(seed: int) -> Any:
    """Fifty classes of eleven pictures, ten captions each, with features that say nothing."""
    generator = torch.Generator().manual_seed(0)
    images = torch.arange(550)
    metric = MeanAveragePrecision(each=2, seed=seed)
    features = torch.randn(550, 8, generator=generator)
    metric.update(features, images // 11, images, of="queries")
    drawn = images.repeat(10)
    metric.update(torch.randn(5500, 8, generator=generator), drawn // 11, drawn)
    return metric


def test_counts_of_the_published_protocol() -> None:
    """A hundred queries, two a class, in a thousand pictures, of which twenty are right."""
    rows, nearness, right = next(cub(0).ranked())
    assert nearness.shape == (100, 1000) and right.sum(1).tolist() == [20] * 100
    assert (rows // 11).tolist() == torch.arange(50).repeat_interleave(2).tolist()
    found = cub(0).compute()
    assert (~found.values.isnan()).sum() == 100
    # E[AP] = (H_N + (R - 1) / (N - 1) (N - H_N)) / N, with R of N right.
    harmonic = sum(1 / n for n in range(1, 1001))
    expected = (harmonic + 19 / 999 * (1000 - harmonic)) / 1000
    assert found.chance.item() == pytest.approx(expected)
    assert found.mean.item() == pytest.approx(expected, rel=0.15)  # it sees nothing
    assert not torch.equal(rows, next(cub(1).ranked())[0])


def test_pictures_that_look_alike_are_at_chance() -> None:
    metric = MeanAveragePrecision()
    labels = torch.arange(30) % 3
    metric.update(torch.randn(30, 4), labels, torch.arange(30), of="queries")
    metric.update(torch.ones(60, 4), labels.repeat(2), torch.arange(30).repeat(2))
    found = metric.compute()
    assert found.mean.item() == pytest.approx(found.chance.item())


def test_what_does_not_go_is_told() -> None:
    metric = MeanAveragePrecision()
    metric.update(at(0, 1), torch.tensor([0, 1]), torch.tensor([0, 1]), of="queries")
    with pytest.raises(UserError, match="none of the images of the gallery"):
        metric.compute()
    metric.update(at(0, 1), torch.tensor([2, 3]), torch.tensor([4, 5]))
    with pytest.raises(UserError, match="no image of the gallery belongs"):
        metric.compute()
    metric.update(at(0) * torch.nan, torch.tensor([0]), torch.tensor([0]))
    with pytest.raises(UserError, match="1 of 3 images of the gallery gave NaN"):
        metric.compute()


def test_they_are_scores_of_pictures_where_they_are_asked_for(
    collect: Callable[..., Rows], compute: Callable[..., Scored]
) -> None:
    real, fake = ({**collect(seed=k), "images": torch.arange(120)} for k in (0, 1))
    plain, classes, captions = (
        compute(real, fake, retrieval=retrieval) for retrieval in (None, "classes", "captions")
    )
    name = "efficientnet_lite0"
    new = {f"map/{name}{suffix}" for suffix in ("", "/real", "/chance")}
    assert classes.scores.keys() - plain.scores.keys() == new
    found = {key: value for key, value in classes.scores.items() if key not in new}
    assert found == plain.scores  # others stay
    assert captions.scores.keys() - plain.scores.keys() == {
        f"recall_at_{count}/{name}{suffix}"
        for count in (1, 5, 10, 50)
        for suffix in ("", "/chance")
    }
    for score in (f"map/{name}", f"recall_at_10/{name}"):
        of = classes if score in classes.scores else captions
        assert of.columns[score].nanmean().item() == pytest.approx(of.scores[score])
    assert classes.scores[f"map/{name}/chance"] == pytest.approx(0.1, abs=0.05)
    assert captions.scores[f"recall_at_10/{name}/chance"] == pytest.approx(1 / 12)
