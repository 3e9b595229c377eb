from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from experiments.machine.rank import Ranks
from experiments.optim.adam import Adam
from experiments.system.base import Phase, Term
from experiments.trainer.mean import Stats
from experiments.trainer.recorder import Record, Recorder
from experiments.trainer.turn import Turn, let_train


class Descent(Adam):
    """Plain gradient descent, so that a step shows the gradient."""

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.SGD(list(parameters), lr=self.lr)


class Number(nn.Module):
    """One weight, and one that is frozen."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(value))
        self.frozen = nn.Parameter(torch.tensor(7.0), requires_grad=False)


def turn(settings: Adam, *modules: Number, clip: tuple[nn.Module, ...] = ()) -> Turn:
    phase = Phase("p", modules, lambda losses, step, repeat: losses, clip=clip)
    return Turn(phase, settings, Ranks("cpu"), Stats())


def one(value: Tensor, weight: float = 1.0) -> dict[str, Term]:
    return {"term": Term(value, weight)}


def test_a_step_by_hand() -> None:
    a, b = Number(1.0), Number(2.0)
    both = turn(Descent(0.1), a, b)
    both.backward({"x": Term(3 * a.weight), "y": Term(2 * b.weight, 2.0)}, None, 0, parts=1)
    both.update(0)
    assert a.weight.item() == pytest.approx(1 - 0.1 * 3)
    assert b.weight.item() == pytest.approx(2 - 0.1 * 4)
    assert both.stats.read() == pytest.approx(
        {"p/x": 3.0, "p/y": 4.0, "p/loss": 11.0, "p/gradient_norm": 5.0}
    )
    assert a.weight.grad is None and b.weight.grad is None


def test_two_parts_give_their_mean() -> None:
    a = Number(1.0)
    both = turn(Descent(1.0), a)
    for factor in (2.0, 6.0):
        both.backward(one(factor * a.weight), None, 0, parts=2)
    both.update(0)
    assert a.weight.item() == 1 - 4
    assert both.stats.read()["p/loss"] == 4.0


def test_the_bound_holds_for_what_is_clipped_and_the_norm_is_that_before() -> None:
    a, b = Number(0.0), Number(0.0)
    both = turn(Descent(1.0, clip=1.0), a, b, clip=(a,))
    both.backward(one(3 * a.weight + 4 * b.weight), None, 0, parts=1)
    both.update(0)
    assert (a.weight.item(), b.weight.item()) == pytest.approx((-1.0, -4.0), rel=1e-5)
    assert both.stats.read()["p/gradient_norm"] == 5.0


def test_without_a_choice_the_bound_holds_for_all() -> None:
    a, b = Number(0.0), Number(0.0)
    both = turn(Descent(1.0, clip=1.0), a, b)
    both.backward(one(3 * a.weight + 4 * b.weight), None, 0, parts=1)
    both.update(0)
    assert (a.weight.item(), b.weight.item()) == pytest.approx((-0.6, -0.8), rel=1e-5)


def test_the_rate_follows_the_images() -> None:
    a = Number(0.0)
    one_weight = turn(Descent(1.0, warmup=100), a)
    one_weight.backward(one(a.weight), None, 0, parts=1)
    one_weight.update(25)
    assert a.weight.item() == -0.25


def test_terms_without_weight_are_noted_and_do_not_train() -> None:
    a = Number(1.0)
    some = turn(Descent(1.0), a)
    losses = {"x": Term(2 * a.weight), "y": Term(a.weight * math.nan, 0.0)}
    some.backward(losses, None, 0, parts=1)
    some.update(0)
    values = some.stats.read()
    assert a.weight.item() == -1 and values["p/loss"] == 2.0 and math.isnan(values["p/y"])
    assert some.recorder.finite


def test_a_phase_with_nothing_to_train_on_does_nothing() -> None:
    a = Number(1.0)
    nothing = turn(Adam(1.0), a)
    nothing.backward(one(2 * a.weight, 0.0), None, 0, parts=1)
    nothing.update(0)
    assert a.weight.item() == 1 and nothing.stats.read() == {"p/term": 2.0}


def test_a_loss_or_a_gradient_that_is_not_finite_is_remembered() -> None:
    a, b = Number(1.0), Number(0.0)
    by_loss, by_gradient = turn(Descent(1.0), a), turn(Descent(1.0), b)
    by_loss.backward(one(a.weight * math.inf), None, 0, parts=1)
    by_loss.update(0)
    assert not by_loss.recorder.finite
    by_gradient.backward(one(b.weight * 0 + 1), None, 0, parts=1)
    by_gradient.update(0)
    assert by_gradient.recorder.finite
    by_gradient.backward(
        one(b.weight.square().sqrt()), None, 0, parts=1
    )  # the loss is 0, its gradient 0/0
    by_gradient.update(0)
    assert not by_gradient.recorder.finite
    by_gradient.backward(one(b.weight * 0 + 1), None, 0, parts=1)
    by_gradient.update(0)
    assert not by_gradient.recorder.finite


def test_what_is_kept_is_of_the_first_update_that_was_not_finite() -> None:
    a = Number(2.0)
    a_turn = turn(Descent(0.0), a)
    for images, factor in enumerate([1.0, 3.0, math.inf, 5.0, math.nan]):
        a_turn.backward({"x": Term(factor * a.weight), "y": Term(a.weight)}, None, 0, parts=2)
        a_turn.backward({"x": Term(a.weight), "y": Term(a.weight)}, None, 0, parts=2)
        a_turn.update(images)
        record = a_turn.recorder.read()
        assert record is not None
        if images == 1:
            assert record == Record(1, True, 3.0, {"x": 8.0, "y": 4.0, "loss": 12.0})
    assert record == Record(2, False, math.inf, {"x": math.inf, "y": 4.0, "loss": math.inf})
    a_turn.recorder.clear()
    assert a_turn.recorder.finite and a_turn.recorder.read() is None


def test_the_recorder_asks_for_a_few_operators_whatever_the_terms() -> None:
    class Count(TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[str] = []

        def __torch_dispatch__(
            self, op: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            self.seen.append(str(op))
            return op(*args, **(kwargs or {}))

    found = []
    for terms in (1, 30):
        recorder = Recorder(torch.device("cpu"))
        numbers = [(str(n), torch.tensor(float(n))) for n in range(terms)]
        norm, good = torch.ones(()), torch.tensor(True)
        for images in range(3):
            with Count() as counted:
                recorder.note(images, numbers, norm, good)
        found.append([op for op in counted.seen if "detach" not in op])
    assert found[0] == found[1] and len(found[0]) <= 6
    assert not any("_local_scalar_dense" in op for op in found[0])  # which waits for the device


def test_a_judge_leaves_an_update_out_with_all_that_belongs_to_it() -> None:
    a = Number(1.0)
    judged = turn(Adam(1.0), a)
    asked: list[tuple[int, bool]] = []

    def judge(_: Turn, images: int, good: Tensor) -> bool:
        asked.append((images, bool(good)))
        return bool(good)

    judged.judge = judge
    for images, factor in enumerate([math.nan, 2.0]):
        judged.backward(one(factor * a.weight), None, 0, parts=1)
        judged.update(images)
        assert a.weight.grad is None
    assert asked == [(0, False), (1, True)]
    assert a.weight.item() == pytest.approx(0.0, abs=1e-6)  # Adam's first step is its rate
    assert judged.stats.read() == {"p/term": 2.0, "p/loss": 2.0, "p/gradient_norm": 2.0}


def test_only_one_of_the_turns_trains() -> None:
    a, b = Number(1.0), Number(2.0)
    first, second = turn(Adam(1.0), a), turn(Adam(1.0), a, b)
    let_train([first], [first, second])
    assert a.weight.requires_grad and not b.weight.requires_grad
    let_train([first, second], [first, second])
    assert a.weight.requires_grad and b.weight.requires_grad
    assert not a.frozen.requires_grad and not b.frozen.requires_grad
