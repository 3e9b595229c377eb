from __future__ import annotations

import math

import pytest
import torch

from experiments.loss.teacher_student import TeacherStudentLoss

TEACHER = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
STUDENT = torch.tensor([[1.0, 1.0], [0.5, 0.0], [0.0, 1.0]])
# v_i . a_j:      1    0.5  0        d, less v_j . a_j:  0     0.5  0
#                 2    0    2                            1     0    2
#                 3    1.5  0                            2     1.5  0
LABELS = torch.tensor([0, 1, 0])


def test_the_joint_embedding_by_hand() -> None:
    """Between classes [d + 1]+: 1.5, then 2 and 3, then 2.5. Within: 0.1 (0 + 2), and its own 0."""
    found = TeacherStudentLoss()(STUDENT, TEACHER, LABELS)["embedding"]
    assert found.item() == pytest.approx((1.5 + 2.0 + 3.0 + 2.5 + 0.1 * 2.0) / 9)
    none = TeacherStudentLoss(same_class=0)(STUDENT, TEACHER, LABELS)["embedding"]
    assert none.item() == pytest.approx((1.5 + 2.0 + 3.0 + 2.5) / 9)
    assert TeacherStudentLoss(legacy=True)(STUDENT, TEACHER, LABELS)["embedding"] == found


def test_the_distance_by_hand_per_row_and_as_released_per_batch() -> None:
    half = math.sqrt(0.5)
    by_row = [1 - half, half, 1, 1, 1, 1]
    found = TeacherStudentLoss()(STUDENT, TEACHER, LABELS)["l1"]
    assert found.item() == pytest.approx(sum(by_row) / 6)
    a, v = 1 / math.sqrt(3.25), 1 / math.sqrt(14)
    whole = [a - v, a, 0.5 * a, 2 * v, 3 * v, a]
    released = TeacherStudentLoss(legacy=True)(STUDENT, TEACHER, LABELS)["l1"]
    assert released.item() == pytest.approx(sum(map(abs, whole)) / 6)


def test_the_distance_of_a_pair_does_not_depend_on_the_others_unless_as_released() -> None:
    longer = torch.cat((TEACHER, torch.tensor([[9.0, 9.0]])))
    same = torch.cat((STUDENT, torch.tensor([[2.0, 2.0]])))  # a pair without a distance
    labels = torch.tensor([0, 1, 0, 2])
    for legacy in (False, True):
        loss = TeacherStudentLoss(legacy=legacy)
        three, four = loss(STUDENT, TEACHER, LABELS)["l1"], loss(same, longer, labels)["l1"]
        assert (3 * three.item() == pytest.approx(4 * four.item())) is not legacy


def divergence(v: list[float], a: list[float], t: float, s: float) -> float:
    def softmax(x: list[float], temperature: float) -> list[float]:
        grown = [math.exp(value / temperature) for value in x]
        return [value / sum(grown) for value in grown]

    pairs = zip(softmax(v, t), softmax(a, s), strict=True)
    return sum(p * math.log(p / q) for p, q in pairs)


def test_the_distillation_by_hand_and_as_released() -> None:
    rows = list(zip(TEACHER.tolist(), STUDENT.tolist(), strict=True))
    found = TeacherStudentLoss()(STUDENT, TEACHER, LABELS)["distillation"]
    assert found.item() == pytest.approx(sum(divergence(v, a, 2, 2) for v, a in rows) / 3, rel=1e-5)
    released = TeacherStudentLoss(legacy=True)(STUDENT, TEACHER, LABELS)["distillation"]
    expected = sum(divergence(v, a, 2, 1) for v, a in rows) / (3 * 2)  # by every value
    assert released.item() == pytest.approx(expected, rel=1e-5)


def test_a_student_that_says_what_its_teacher_says_has_nothing_to_learn_of_it() -> None:
    vectors = torch.randn(4, 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
    found = TeacherStudentLoss()(vectors, vectors.detach(), torch.arange(4))
    assert found["l1"].item() == found["distillation"].item() == 0
    (gradient,) = torch.autograd.grad(found["distillation"], vectors)
    assert gradient.abs().max() < 1e-7


def test_gradients_are_as_large_with_both_weights() -> None:
    """The weight of the mean over pairs gives what 1000 gave of the mean over 1,024 values, while
    the student is far from its teacher."""
    generator = torch.Generator().manual_seed(0)
    teacher, labels = torch.rand(8, 1024, generator=generator), torch.arange(8)
    sizes = []
    for legacy, weight in ((False, 2.0), (True, 1000.0)):
        student = (0.01 * torch.randn(8, 1024, generator=generator)).requires_grad_()
        loss = TeacherStudentLoss(distillation=weight, legacy=legacy)
        found = loss.weights["distillation"] * loss(student, teacher, labels)["distillation"]
        sizes.append(torch.autograd.grad(found, student)[0].norm().item())
    assert sizes[0] == pytest.approx(sizes[1], rel=0.1)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(AssertionError, match="temperature"):
        TeacherStudentLoss(temperature=0)
    with pytest.raises(AssertionError, match="negative"):
        TeacherStudentLoss(l1=-1)
    with pytest.raises(AssertionError, match="as many values"):
        TeacherStudentLoss()(torch.zeros(2, 3), torch.zeros(2, 4), torch.zeros(2))
