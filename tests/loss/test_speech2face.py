from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from experiments.loss.speech2face import Speech2FaceLoss

FACE = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
VOICE = torch.tensor([[1.0, 0.0], [0.0, 5.0]])


def test_the_decoders_term_by_hand_is_a_sum_of_every_row() -> None:
    # |3 - 1| + |4 - 0| = 6 and 0 + |2 - 5| = 3
    assert Speech2FaceLoss().decoder(FACE, VOICE).item() == pytest.approx((6 + 3) / 2)


def test_the_direction_by_hand_of_every_row_its_own() -> None:
    # (0.6, 0.8) - (1, 0): 0.16 + 0.64; both of the second row point up.
    loss = Speech2FaceLoss()
    assert loss.direction(FACE, VOICE).item() == pytest.approx((0.8 + 0.0) / 2)
    # A row as long as can be changes nothing of another's; the port divides by a norm of all.
    longer = VOICE * torch.tensor([[1.0], [1000.0]])
    assert loss.direction(FACE, longer).item() == pytest.approx(0.4)


def by_hand(face: list[float], voice: list[float], t: float) -> float:
    def softmax(x: list[float]) -> list[float]:
        grown = [math.exp(value / t) for value in x]
        return [value / sum(grown) for value in grown]

    return -sum(p * math.log(q) for p, q in zip(softmax(face), softmax(voice), strict=True))


def test_the_distillation_by_hand() -> None:
    found = Speech2FaceLoss().distillation({"class": FACE}, {"class": VOICE}).item()
    rows = list(zip(FACE.tolist(), VOICE.tolist(), strict=True))
    assert found == pytest.approx(sum(by_hand(f, v, 2.0) for f, v in rows) / 2)
    # 1 of a first row by hand: p = softmax(1.5, 2), q = softmax(0.5, 0)
    p = 1 / (1 + math.exp(0.5))
    q = 1 / (1 + math.exp(-0.5))
    assert by_hand([3.0, 4.0], [1.0, 0.0], 2.0) == pytest.approx(
        -p * math.log(q) - (1 - p) * math.log(1 - q)
    )


def test_heads_are_one_distribution_over_all_combinations() -> None:
    a, b = torch.tensor([[0.5, -1.0]]), torch.tensor([[2.0, 0.0, 1.0]])
    c, d = torch.tensor([[1.5, 0.0]]), torch.tensor([[0.0, -2.0, 3.0]])
    loss = Speech2FaceLoss()
    several = loss.distillation({"x": a, "y": b}, {"x": c, "y": d})

    def together(left: Tensor, right: Tensor) -> Tensor:
        return (left[:, :, None] + right[:, None]).flatten(1)

    joint = loss.distillation({"xy": together(a, b)}, {"xy": together(c, d)})
    assert several.item() == pytest.approx(joint.item(), rel=1e-6)


def test_every_term_teaches_the_voice_through_fixed_networks_and_never_the_face() -> None:
    first = nn.Linear(2, 3).requires_grad_(False)
    loss = Speech2FaceLoss()
    face, voice = FACE.clone().requires_grad_(), VOICE.clone().requires_grad_()
    terms = {
        "decoder": loss.decoder(first(face), first(voice)),
        "direction": loss.direction(face, voice),
        "distillation": loss.distillation({"c": first(face)}, {"c": first(voice)}),
    }
    for name, term in terms.items():
        taught, other = torch.autograd.grad(term, (voice, face), allow_unused=True)
        assert taught.abs().sum() > 0, name
        assert other is None, name
    assert terms.keys() == loss.weights.keys()
    assert loss.weights == {"decoder": 1.0, "direction": 0.025, "distillation": 200.0}
