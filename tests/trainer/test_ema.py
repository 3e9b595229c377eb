from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.trainer.ema import EMA


class Pair(nn.Module):
    """A trained network with batch norm, and a frozen one."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.encoder = nn.Linear(2, 2).requires_grad_(False)

    def ema(self, halflife: int | None, ramp: float | None = 0.1) -> EMA:
        return EMA({"net": self.net, "encoder": self.encoder}, halflife, ramp)


def test_a_weight_counts_half_after_the_halflife() -> None:
    """From 0 towards 8: half the way after 100 images, three quarters after 200."""
    system = Pair()
    nn.init.zeros_(system.net[0].weight)
    ema = system.ema(100)
    nn.init.constant_(system.net[0].weight, 8.0)
    weight = ema.modules["net"][0].weight
    for step in range(1, 11):  # 10 steps of 10 images, long after the start
        ema.update(10, 100_000 + 10 * step)
    torch.testing.assert_close(weight, torch.full_like(weight, 4.0))
    ema.update(100, 200_000)
    torch.testing.assert_close(weight, torch.full_like(weight, 6.0))


@pytest.mark.parametrize(
    ("ramp", "images", "kept"),
    [
        (0.05, 200_000, 0.997784),
        (0.05, 32_000, 0.986233),
        (0.1, 16_000, 0.986233),
        (None, 32, 0.997784),
    ],
)
def test_what_a_step_of_32_keeps(ramp: float | None, images: int, kept: float) -> None:
    """0.5^(32 / 10,000), and StyleGAN2-ADA's 0.5^(32 / 1,600): a twentieth of 32,000 images."""
    system = Pair()
    nn.init.ones_(system.net[0].weight)
    ema = system.ema(10_000, ramp)
    nn.init.zeros_(system.net[0].weight)
    ema.update(32, images)
    weight = ema.modules["net"][0].weight
    torch.testing.assert_close(weight, torch.full_like(weight, kept), rtol=0, atol=1e-6)


def test_early_on_the_halflife_is_a_tenth_of_what_was_seen() -> None:
    """20 images seen in steps of 2: the half-life is 2, so the first update goes half the way."""
    system = Pair()
    nn.init.zeros_(system.net[0].weight)
    ema = system.ema(1_000_000)
    nn.init.ones_(system.net[0].weight)
    ema.update(2, 20)
    torch.testing.assert_close(ema.modules["net"][0].weight, torch.full((3, 2), 0.5))


def test_running_statistics_are_averaged_and_counters_copied() -> None:
    system = Pair()
    ema = system.ema(10)
    system.net(torch.randn(4, 2) + 5)
    live, averaged = system.net[1], ema.modules["net"][1]
    assert averaged.num_batches_tracked == 0 and averaged.running_mean.eq(0).all()
    ema.update(10, 1000)
    torch.testing.assert_close(averaged.running_mean, live.running_mean / 2)
    torch.testing.assert_close(averaged.running_var, (1 + live.running_var) / 2)
    assert averaged.num_batches_tracked == 1


def test_frozen_modules_are_shared_and_so_is_all_without_a_halflife() -> None:
    system = Pair()
    ema = system.ema(10)
    assert ema.modules["encoder"] is system.encoder
    assert list(ema.averaged) == ["net"] and ema.averaged["net"] is not system.net
    plain = system.ema(None)
    assert plain.modules["net"] is system.net and not plain.averaged
    plain.update(10, 10)  # nothing to do, and nothing fails


def test_in_place_leaves_the_live_weights_and_mode_untouched() -> None:
    system = Pair().train()
    system.encoder.eval()
    ema = system.ema(10)
    nn.init.zeros_(ema.modules["net"][0].weight)
    live, before = system.net, {k: v.clone() for k, v in system.state_dict().items()}
    with ema.in_place(system):
        assert system.net is ema.modules["net"] and not system.net.training
        assert system.state_dict()["net.0.weight"].eq(0).all()
        system.net(torch.randn(4, 2))  # evaluation mode: no statistics move
    assert system.net is live and system.training and live.training
    assert list(system.state_dict()) == list(before)
    torch.testing.assert_close(system.state_dict(), before, rtol=0, atol=0)
    assert ema.modules["net"][1].num_batches_tracked == 0


def test_live_weights_return_after_an_error() -> None:
    system = Pair()
    live = system.net
    with pytest.raises(RuntimeError, match="while sampling"), system.ema(10).in_place(system):
        raise RuntimeError("while sampling")
    assert system.net is live and system.training


def test_averaging_goes_on_from_a_loaded_state() -> None:
    system = Pair()
    first, second = system.ema(10), system.ema(10)
    nn.init.ones_(system.net[0].weight)
    first.update(10, 1000)
    second.load_state_dict(first.state_dict())
    system.load_state_dict({k: v + 1 for k, v in system.state_dict().items()})
    for ema in (first, second):
        ema.update(10, 1010)
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)


def test_reset_starts_from_the_live_weights() -> None:
    system = Pair()
    ema = system.ema(10)
    nn.init.ones_(system.net[0].weight)
    ema.reset()
    torch.testing.assert_close(ema.state_dict()["net"], dict(system.net.state_dict()))
