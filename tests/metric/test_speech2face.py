from __future__ import annotations

import math

import pytest
import torch

from experiments.metric.speech2face import FaceTold, first_of_each, strangers
from experiments.terminal.error import UserError

# Three classes, two records each; faces stand on circles, voices beside their own.
LABELS = torch.tensor([0, 0, 1, 1, 2, 2])
FACES = torch.tensor([[1.0, 0], [0.9, 0.1], [0, 2.0], [0.1, 2], [-3.0, 0], [-3, 0.2]])


def told(voices: torch.Tensor, **options: object) -> FaceTold:
    metric = FaceTold(**options)  # type: ignore[arg-type]
    for rows in (slice(0, 4), slice(4, 6)):
        metric.update(FACES[rows], voices[rows], LABELS[rows])
    return metric


def test_distances_by_hand() -> None:
    voices = FACES + torch.tensor([3.0, 4.0])
    found = told(voices).compute()
    assert found["feature_l1"] == pytest.approx(7.0, rel=1e-6)
    assert found["feature_l2"] == pytest.approx(5.0, rel=1e-6)
    pairs = zip(FACES.tolist(), voices.tolist(), strict=True)
    cosines = [(a * c + b * d) / math.hypot(a, b) / math.hypot(c, d) for (a, b), (c, d) in pairs]
    assert found["feature_cosine"] == pytest.approx(sum(cosines) / 6, rel=1e-5)
    alike = told(FACES).compute()
    assert alike["feature_cosine"] == pytest.approx(1.0)
    assert alike["feature_l1"] == alike["feature_l2"] == 0
    assert alike["feature_cosine/chance"] < 0.5


def test_a_voice_is_to_find_the_one_face_of_its_class() -> None:
    found = told(FACES).recall()
    assert found == {1: (1.0, 1 / 3), 2: (1.0, 2 / 3)}  # 5 and 10 would take all three
    others = told(FACES.roll(2, 0)).recall()
    assert others[1][0] == 0.0
    # Its own is third, third; second, second; as near as another; third.
    assert others[2] == (pytest.approx(2.5 / 6), 2 / 3)
    faces = told(FACES.roll(2, 0)).recall("faces")
    assert faces == {
        1: (1.0, 1 / 3),
        2: (1.0, 2 / 3),
    }  # the second picture of each, whatever voices


def test_or_the_very_face_of_its_record_among_all() -> None:
    metric = told(FACES, gallery="record")
    assert metric.recall() == {1: (1.0, 1 / 6), 2: (1.0, 2 / 6), 5: (1.0, 5 / 6)}
    swapped = told(FACES[[1, 0, 3, 2, 5, 4]], gallery="record").recall()
    assert [swapped[count][0] for count in (1, 2)] == [0.0, 1.0]
    with pytest.raises(UserError, match="none is left to ask"):
        metric.recall("faces")


@pytest.mark.parametrize(("distance", "first"), [("cosine", 0), ("l1", 1), ("l2", 1)])
def test_what_is_near_is_a_choice(distance: str, first: int) -> None:
    """A short voice has the direction of a face that is far, and is near a face of another."""
    voice, faces = torch.tensor([[0.1, 0.0]]), torch.tensor([[9.0, 0.0], [0.0, 0.1]])
    metric = FaceTold(distance=distance)  # type: ignore[arg-type]
    assert metric.nearness(voice, faces).argmax().item() == first
    metric.update(faces, voice.expand(2, 2), LABELS[[0, 2]])
    assert metric.recall()[1][0] == 0.5  # of both voices one is right, whichever is found


def test_l1_and_l2_are_those_norms() -> None:
    one, other = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
    assert FaceTold(distance="l1").nearness(one, other).item() == pytest.approx(-7)
    assert FaceTold(distance="l2").nearness(one, other).item() == pytest.approx(-5)


def test_voices_that_all_say_one_thing_find_by_chance() -> None:
    same = torch.zeros(6, 2) + torch.tensor([1.0, 1.0])
    equal = FaceTold()
    equal.update(torch.ones(6, 2), same, LABELS)
    assert equal.recall() == {
        1: (pytest.approx(1 / 3), 1 / 3),
        2: (pytest.approx(2 / 3), 2 / 3),
    }


def test_rows_of_another_class_and_the_first_of_each() -> None:
    labels = torch.tensor([3, 1, 3, 0, 1, 3, 3])
    assert first_of_each(labels).tolist() == [0, 1, 3]
    assert (labels[strangers(labels)] != labels).all()
    for count in (2, 5):  # of one class another row, if there is one
        one = torch.zeros(count, dtype=torch.int64)
        assert (strangers(one) != torch.arange(count)).all()


def test_features_that_are_not_finite_are_told() -> None:
    with pytest.raises(UserError, match="1 of 6 voices gave NaN"):
        told(FACES.clone().index_fill_(0, torch.tensor([2]), math.nan)).compute()
    few = FaceTold()
    few.update(FACES[:1], FACES[:1], LABELS[:1])
    with pytest.raises(UserError, match="1 of the 2 faces"):
        few.compute()
