"""Losses that are scaled for float16: gradients in their own size, and what overflows left out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from experiments.loss.gradient_penalty import GradientPenalty
from experiments.machine import setup
from experiments.machine.rank import Ranks
from experiments.machine.setup import precision
from experiments.optim.adam import Adam
from experiments.run import checkpoint
from experiments.system.attngan import AttnGAN
from experiments.system.text_to_image import TextToImage
from experiments.terminal.interrupt import Interrupt
from experiments.terminal.line import say_once
from experiments.trainer.loop import fit, resume, step
from experiments.trainer.mean import Stats
from experiments.trainer.scaling import Scaling, told
from experiments.trainer.training import Training
from experiments.trainer.turn import Turn
from tests.trainer.test_numerics import Log, lines, same, weights
from tests.trainer.test_turn import Descent, Number, one, turn

CPU = torch.device("cpu")
MakeTraining = Callable[..., Training]


def scaled(settings: Adam, *modules: Number, **rest: Any) -> tuple[Turn, Scaling]:
    made, scaling = turn(settings, *modules, **rest), Scaling(CPU)
    made.scaling = scaling
    return made, scaling


def test_gradients_are_bounded_and_noted_in_their_own_size() -> None:
    """Two parts of a batch, with gradients of 3 and 4 by their mean; the bound is of `a` alone."""
    a, b = Number(0.0), Number(0.0)
    both, scaling = scaled(Descent(1.0, clip=1.0), a, b, clip=(a,))
    for factor in (2.0, 4.0):
        both.backward(one(factor * a.weight + (factor + 1) * b.weight), None, 0, parts=2)
    assert a.weight.grad is not None and a.weight.grad.item() == 3 * 65536
    both.update(0)
    assert (a.weight.item(), b.weight.item()) == pytest.approx((-1.0, -4.0), rel=1e-5)
    assert both.stats.read()["p/gradient_norm"] == 5.0
    assert scaling.counts == (0, 1) and scaling.scale_now == 65536


def test_an_update_that_overflows_is_left_out_and_the_scale_halved() -> None:
    a = Number(1.0)
    adam, scaling = scaled(Adam(0.5), a)
    for images, factor in enumerate([2.0, 1e34, 2.0]):  # 1e34 is finite, and 65536 times it is not
        before = a.weight.item()
        adam.backward(one(factor * a.weight), None, 0)
        adam.update(images)
        assert (a.weight.item() == before) == (factor > 2) and a.weight.grad is None
    assert adam.recorder.finite  # that is no failure
    assert scaling.counts == (1, 3) and scaling.scale_now == 32768
    (moments,) = adam.optimiser.state.values()
    assert int(moments["step"]) == 2 and moments["exp_avg"].item() == pytest.approx(0.38)
    read = adam.stats.read()
    assert read["p/gradient_norm"] == 2.0  # of two, not of three
    assert read["p/term"] == pytest.approx(1e34 / 3, rel=1)
    assert told([("p", scaling)]) == (
        "fp16: left out, since gradients overflowed: p 1 of 3 updates, loss x 32,768"
    )


def test_gradients_that_no_scale_makes_finite_are_a_failure() -> None:
    a = Number(0.0)
    spoilt, scaling = scaled(Adam(0.5), a)
    for images in range(17):
        assert spoilt.recorder.finite and scaling.scale_now == 2.0 ** (16 - images)
        spoilt.backward(one(a.weight.square().sqrt()), None, 0)  # 0, and its gradient 0/0
        spoilt.update(images)
    assert not spoilt.recorder.finite and a.weight.item() == 0
    assert math.isnan(spoilt.stats.read()["p/gradient_norm"])


def test_a_loss_that_is_not_finite_is_a_failure_at_once() -> None:
    a = Number(1.0)
    spoilt, scaling = scaled(Adam(0.5), a)
    asked: list[bool] = []

    def judge(_: Turn, images: int, good: Tensor) -> bool:
        asked.append(bool(good))
        return bool(good)

    spoilt.judge = judge
    for factor in (math.inf, 2.0):
        spoilt.backward(one(factor * a.weight), None, 0)
        spoilt.update(0)
    assert asked == [False, True] and not spoilt.recorder.finite
    assert a.weight.item() == pytest.approx(0.5) and scaling.counts == (0, 1)


def test_a_mean_of_what_counts_goes_on_in_another_process() -> None:
    whole, first, second = Stats(), Stats(), Stats()
    for place, value in enumerate([1.0, math.inf, 4.0]):
        for stats in (whole, first if place < 2 else second):
            if stats is second:
                second.load(first.state())
            stats.add("x", torch.tensor(value), torch.tensor(math.isfinite(value)))
            stats.add("y", torch.tensor(1.0))
    assert second.read() == whole.read() == {"x": 2.5, "y": 1.0}


def half(training: Training, folder: Path) -> Training:
    training.run = replace(training.run, folder=folder)
    training.compute_in(torch.float16)
    return training


def run(training: Training, stop_at: int = -1) -> None:
    interrupt = Interrupt()
    log = Log(training, interrupt, stop_at)
    assert fit(training, resume(training), log, interrupt) == (stop_at < 0)  # type: ignore[arg-type]


def test_a_resume_goes_on_with_the_scale_and_what_was_left_out(
    make_attngan: Callable[..., AttnGAN], make_training: MakeTraining, tmp_path: Path
) -> None:
    """A scale of 2^30 is too large for either phase, and the run stops while it still falls."""

    def make(folder: str) -> Training:
        system, options = make_attngan(norm="batch"), {"images": 160, "checkpoint_every": 80}
        training = half(make_training(system, accumulate=2, **options), tmp_path / folder)
        for scaling in training.scalings.values():
            scaling.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**30, growth_interval=3)
        return training

    whole, stopped = make("whole"), make("stopped")
    run(whole)
    run(stopped, 40)
    state = checkpoint.load_newest(stopped.run.folder)
    assert state is not None and state["precision"] == "float16"
    assert all(part["left_out"] == 5 for part in state["scaling"].values())
    resumed = make("stopped")
    run(resumed)
    assert same(resumed, whole) and all(v.isfinite().all() for v in weights(whole).values())
    scalings = {name: scaling.state() for name, scaling in whole.scalings.items()}
    assert {name: scaling.state() for name, scaling in resumed.scalings.items()} == scalings
    last = lines(whole)[-1]
    for name, scaling in scalings.items():
        assert scaling["updates"] == 20 and scaling["left_out"] > 5
        assert scaling["left_out"] == last[f"{name}/overflows"]
        assert scaling["scaler"]["scale"] == last[f"{name}/loss_scale"]


def gradients(training: Training, phase: str) -> list[Tensor]:
    """What the update of a phase is made of."""
    (chosen,) = (turn for turn in training.turns if turn.phase.name == phase)
    found: list[Tensor] = []

    def keep(optimiser: torch.optim.Optimizer, *_: object) -> None:
        if not found:  # of the first update with what it trains
            found.extend(p.grad.clone() for p in chosen.trained if p.grad is not None)

    chosen.optimiser.register_step_pre_hook(keep)
    step(training, resume(training), training.batches.at(0))
    return found


@pytest.mark.parametrize("parts", [1, 2])
def test_a_penalty_on_gradients_is_that_of_fp32(
    parts: int, make_system: Callable[..., TextToImage], make_training: MakeTraining, tmp_path: Path
) -> None:
    """R1 goes back twice. It is computed in float32, so that scales, which are powers of two,
    change no bit of it. Its phase shares the discriminator's optimiser, here without a rate."""
    found = []
    for dtype in (torch.float32, torch.float16):
        system = make_system("gan_cls", gradient_penalty=GradientPenalty(5.0))
        settings = {phase.name: Adam(0.0) for phase in system.phases()}
        training = make_training(system, settings, accumulate=parts)
        training.run = replace(training.run, folder=tmp_path / str(dtype))
        training.compute_in(dtype)
        (penalty,) = (turn for turn in training.turns if turn.phase.shares is not None)
        penalty.optimiser = torch.optim.SGD(penalty.trained, lr=0.0)
        found.append(gradients(training, penalty.phase.name))
    plain, by_half = found
    assert len(plain) == len(by_half) > 4
    assert max(float(g.abs().max()) for g in plain) > 1e-4
    for mine, theirs in zip(by_half, plain, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("phase", ["discriminator", "generator"])
def test_gradients_in_float16_are_near_those_in_fp32(
    phase: str,
    make_attngan: Callable[..., AttnGAN],
    make_training: MakeTraining,
    tmp_path: Path,
) -> None:
    found = []
    for dtype in (torch.float32, torch.float16):
        training = make_training(make_attngan(), accumulate=2)
        training.run = replace(training.run, folder=tmp_path / str(dtype))
        training.compute_in(dtype)
        for scaling in training.scalings.values():
            scaling.scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
        found.append(torch.cat([g.flatten() for g in gradients(training, phase)]))
    plain, by_half = found
    apart = float((by_half - plain).norm() / plain.norm())
    assert 0 < apart < 0.05  # neither fp32 all the same, nor of another size


def test_a_cpu_says_that_fp16_is_slow_there(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for there, line in ((True, ""), (False, "fp16: this processor does not multiply it, so it")):
        say_once.cache_clear()
        monkeypatch.setattr(setup, "_has", lambda *flags, there=there: there)
        assert precision("fp16", CPU) == torch.float16
        assert capfd.readouterr().err[: len(line) or None] == line
    assert precision("auto", CPU) != torch.float16
    ranks = Ranks("cpu")
    ranks.begin(torch.float16)
    with ranks.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float16
