from __future__ import annotations

import torch
from torch import nn

from experiments.discriminator.attngan import StageDiscriminator
from experiments.generator.attngan import AttnGANGenerator
from experiments.generator.initialisation import initialise


def test_weights_are_orthogonal_and_biases_zero() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ConvTranspose2d(4, 9, 4), nn.Linear(30, 5))
    initialise(network)
    for layer in network:
        matrix = layer.weight.flatten(1)
        torch.testing.assert_close(matrix @ matrix.T, torch.eye(len(matrix)), atol=1e-5, rtol=0)
        assert layer.bias is not None and layer.bias.eq(0).all()


def test_norms_start_near_one_with_fresh_statistics() -> None:
    norm = nn.BatchNorm2d(4000)
    norm(torch.randn(2, 4000, 2, 2))
    initialise(norm)
    assert abs(norm.weight.mean() - 1) < 0.002
    assert abs(norm.weight.std() - 0.02) < 0.002
    assert norm.bias.eq(0).all() and norm.running_mean.eq(0).all() and norm.running_var.eq(1).all()


def test_a_network_from_the_meta_device_is_complete() -> None:
    with torch.device("meta"):
        networks = [AttnGANGenerator([8, 16], width=4), StageDiscriminator(16, width=4)]
    for network in networks:
        network.to_empty(device="cpu")
        for tensor in network.state_dict().values():
            tensor.fill_(float("nan") if tensor.is_floating_point() else -1)
        initialise(network)
        assert all(x.isfinite().all() and (x != -1).all() for x in network.state_dict().values())


def test_one_seed_gives_one_network() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        network = StageDiscriminator(16, width=4)
        initialise(network)
        states.append(network.state_dict())
    torch.testing.assert_close(states[0], states[1], rtol=0, atol=0)


def test_reed_s_weights_are_normal_numbers() -> None:
    layer = nn.ConvTranspose2d(50, 40, 4)
    initialise(layer, 0.02)
    assert abs(layer.weight.std().item() - 0.02) < 1e-3 and abs(layer.weight.mean().item()) < 1e-3
    assert layer.bias is not None and layer.bias.eq(0).all()


def test_what_is_frozen_stays() -> None:
    network = nn.Sequential(nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 4))
    before = [layer.weight.clone() for layer in network]
    initialise(network)
    assert [torch.equal(b, layer.weight) for b, layer in zip(before, network, strict=True)] == [
        True,
        False,
    ]


def test_what_came_trained_stays_and_may_train_on() -> None:
    network = nn.Sequential(nn.Sequential(nn.Linear(4, 4)), nn.Linear(4, 4))
    network[0].came_trained = True  # type: ignore[assignment]
    before = {k: v.clone() for k, v in network.state_dict().items()}
    initialise(network)
    changed = {k for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    assert changed == {"1.weight", "1.bias"}
    assert all(parameter.requires_grad for parameter in network.parameters())
