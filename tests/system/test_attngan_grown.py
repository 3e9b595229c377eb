"""A further stage that grows on a trained generator, with the lower ones frozen at first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from experiments.discriminator.attngan import AttnGANDiscriminator
from experiments.generator.attngan import AttnGANGenerator
from experiments.loss.adversarial import AdversarialLoss
from experiments.loss.damsm import DAMSMLoss
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.loss.kl import KLLoss
from experiments.system.attngan import AttnGAN
from experiments.terminal.interrupt import Interrupt
from experiments.trainer.loop import fit, resume
from experiments.trainer.training import Training

SIZES: dict[str, Any] = {"noise_dim": 5, "condition_dim": 6, "text_dim": 8, "residual_blocks": 1}
MakeTraining = Callable[..., Training]


def trained_part(module: nn.Module) -> Any:
    """As `load_pretrained` leaves it: weights and running statistics of its own, and a mark."""
    torch.manual_seed(5)
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            nn.init.uniform_(tensor.data, 0.1, 0.5)
    module.came_trained = True  # type: ignore[assignment]
    return module


def grown_generator(**changes: Any) -> tuple[AttnGANGenerator, AttnGANGenerator]:
    """One stage at 8 px, and two that grow on it; `changes` are of the second."""
    first = trained_part(AttnGANGenerator([8], 4, **SIZES))
    options: dict[str, Any] = {"resolutions": [8, 16], "width": 4} | SIZES | changes
    return first, AttnGANGenerator(**options, first=first)


@pytest.fixture
def make_grown(make_encoder: Callable[[], Any]) -> Callable[..., AttnGAN]:
    def made(frozen_images: int = 0, **options: Any) -> AttnGAN:
        _, generator = grown_generator()
        judge = trained_part(AttnGANDiscriminator([8], 2, 8))
        judges = AttnGANDiscriminator([8, 16], 2, 8, first=judge)
        losses = AdversarialLoss(), KLLoss(1.0), DAMSMLoss(weight=5.0)
        options = {"mismatch": "roll", "wrong": "caption"} | options
        system = AttnGAN(
            make_encoder(), generator, judges, *losses, frozen_images=frozen_images, **options
        )
        system.initialise()
        return system.train()

    return made


def parts_of(system: AttnGAN, prefix: str = "") -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Copies of what came trained and of what is fresh, running statistics among both."""
    lower = ("generator.augmentation", "generator.initial", "generator.heads.0")
    lower += ("discriminator.stages.0",)
    found: tuple[dict[str, Tensor], dict[str, Tensor]] = {}, {}
    for name, value in system.state_dict().items():
        if not name.startswith("encoder"):
            found[not name.startswith(lower)][name] = value.clone()
    return found


def changed(before: dict[str, Tensor], now: dict[str, Tensor]) -> set[str]:
    return {name for name, value in now.items() if not torch.equal(before[name], value)}


def train(training: Training, images: int) -> Training:
    """Up to so many images, from the last checkpoint of its folder."""
    training.run.config["trainer"]["images"] = images
    assert fit(training, resume(training), Blind(), Interrupt())  # type: ignore[arg-type]
    return training


class Blind:
    """An observer that looks at nothing."""

    def progress(self, images: int) -> Any:
        return nullcontext()

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: None


def test_a_grown_generator_draws_what_the_one_below_it_draws() -> None:
    first, grown = grown_generator()
    system_free = AttnGANGenerator([8, 16], 4, **SIZES)
    assert grown.state_dict().keys() == system_free.state_dict().keys(), "one kind of checkpoint"
    torch.manual_seed(1)
    inputs = [torch.randn(3, size) for size in (5, 6, 8)]
    words, mask = torch.randn(3, 8, 4), torch.ones(3, 4, dtype=torch.bool)
    first.eval(), grown.eval()
    below = first(*inputs, words, mask)
    both = grown(*inputs, words, mask)
    assert torch.equal(both.images[0], below.images[0]) and both.images[1].shape[-1] == 16
    assert torch.equal(both.mu, below.mu)


def test_fresh_weights_replace_none_that_came_trained(make_grown: Callable[..., AttnGAN]) -> None:
    system = make_grown()  # which was initialised
    lower, _ = parts_of(system)
    values = [value for value in lower.values() if value.is_floating_point()]
    assert all(value.min() >= 0.1 and value.max() <= 0.5 for value in values)


@pytest.mark.parametrize("penalty", [None, GradientPenalty(0.1, interval=2)])
def test_lower_stages_stay_as_they_are_until_their_images_were_seen(
    penalty: GradientPenalty | None,
    make_grown: Callable[..., AttnGAN],
    make_training: MakeTraining,
) -> None:
    system = make_grown(16, gradient_penalty=penalty)
    lower, fresh = parts_of(system)
    training = train(make_training(system, checkpoint_every=8), 16)
    still, learnt = parts_of(system)
    assert not changed(lower, still), "weights and running statistics"
    averaged = training.ema.averaged["generator"].state_dict()
    names = [name.removeprefix("generator.") for name in lower if name.startswith("generator")]
    assert all(torch.equal(averaged[name], lower[f"generator.{name}"]) for name in names)
    assert changed(fresh, learnt) == set(fresh)
    for turn in training.turns:
        trained = {id(p) for network in turn.phase.modules for p in network.parameters()}
        waiting = {id(p) for part in turn.phase.later for p in part.parameters()}
        moments = {id(p) for p in turn.optimiser.state}
        assert moments == trained - waiting, "they begin where training does"
    system = make_grown(16, gradient_penalty=penalty)
    training = train(make_training(system, checkpoint_every=8), 24)
    assert changed(lower, parts_of(system)[0]) == set(lower)
    judge = system.discriminator.stages[0].conditional_head.weight
    steps = {float(turn.optimiser.state[judge]["step"]) for turn in training.turns[:1]}
    assert steps == {1.0 if penalty is None else 2.0}, "Adam counts the steps of each weight"


def test_without_frozen_images_all_stages_train_from_the_first_step(
    make_grown: Callable[..., AttnGAN], make_training: MakeTraining
) -> None:
    system = make_grown()
    lower, _ = parts_of(system)
    train(make_training(system, checkpoint_every=8), 8)
    assert changed(lower, parts_of(system)[0]) == set(lower)


@pytest.mark.parametrize("stop", [8, 16, 24])
def test_a_run_that_is_stopped_on_either_side_goes_on_to_the_same_bits(
    stop: int,
    make_grown: Callable[..., AttnGAN],
    make_training: MakeTraining,
    tmp_path: Any,
) -> None:
    whole = train(make_training(make_grown(16), checkpoint_every=8), 32).state()
    (tmp_path / "run").rename(tmp_path / "whole")
    train(make_training(make_grown(16), checkpoint_every=8), stop)
    again = train(make_training(make_grown(16), checkpoint_every=8), 32).state()
    assert same(whole, again)


def same(left: Any, right: Any) -> bool:
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return torch.equal(left, right) if isinstance(left, Tensor) else bool(left == right)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"width": 8}, r"first.width is \[4\], and here it must be \[8\]"),
        ({"noise_dim": 7}, "first.noise_dim is 5, and here it must be 7"),
        ({"resolutions": [16, 32]}, r"first.resolutions is \[8\], and here it must be \[16\]"),
        ({"legacy_mask": True}, "first.legacy_mask is False, and here it must be True"),
        ({"resolutions": [8]}, "a further stage is one side more"),
    ],
)
def test_stages_that_do_not_continue_one_another_are_refused(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        grown_generator(**changes)


def test_nothing_is_frozen_where_nothing_came_of_another_run(
    make_attngan: Callable[..., AttnGAN],
) -> None:
    with pytest.raises(AssertionError, match="generator=attngan_grown"):
        make_attngan(frozen_images=8)
