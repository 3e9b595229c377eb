from __future__ import annotations

import numpy as np
import torch

from experiments.layer.dropout import dropped, hashed, masks

NUMBERS = torch.tensor([3, -4, 2**62 + 1])


def test_the_hash_is_splitmix64() -> None:
    """The generator's published numbers from seed 1234567: it adds the golden ratio, then mixes."""
    step = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        states = np.array([1234567 + 0], np.uint64) + step * np.arange(1, 4, dtype=np.uint64)
    found = hashed(torch.from_numpy(states.view(np.int64))).numpy().view(np.uint64)
    assert found.tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_a_row_depends_on_its_own_number_alone() -> None:
    whole = masks(NUMBERS, 1, (8, 4, 4), 0.5)
    for row, number in enumerate(NUMBERS):
        assert torch.equal(masks(number[None], 1, (8, 4, 4), 0.5)[0], whole[row])
    assert not torch.equal(whole[0], whole[1])


def test_layers_and_places_are_independent() -> None:
    first, second = (masks(NUMBERS, layer, (4096,), 0.5).double() * 2 - 1 for layer in (0, 1))
    assert (first * second).mean().abs() < 0.03  # 12,288 products: 3 deviations are 0.027
    assert (first[0] * first[1]).mean().abs() < 0.05
    assert (first[:, 1:] * first[:, :-1]).mean().abs() < 0.03


def test_the_share_that_stays() -> None:
    for dropout in (0.0, 0.25, 0.5, 0.9):
        stays = masks(torch.arange(50), 0, (1001,), dropout).double().mean().item()
        assert abs(stays - (1 - round(dropout * 256) / 256)) < 0.01


def test_the_mean_stays() -> None:
    x = torch.ones(2, 3, 40, 40)
    made = dropped(x, NUMBERS[:2], 0, 0.5)
    assert set(made.unique().tolist()) == {0.0, 2.0}
    assert abs(made.mean().item() - 1) < 0.05
    assert dropped(x, NUMBERS[:2], 0, 0.0) is x


def test_no_generator_of_pytorch_is_touched() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    dropped(torch.ones(3, 5), NUMBERS, 0, 0.5)
    assert torch.equal(torch.get_rng_state(), before)
