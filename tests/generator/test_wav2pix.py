from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.discriminator.identity import IdentityHead
from experiments.discriminator.wav2pix import Wav2PixDiscriminator
from experiments.encoder.wav2pix import Wav2PixEncoder
from experiments.generator.initialisation import initialise
from experiments.generator.wav2pix import Wav2PixGenerator
from experiments.layer.spectral import stored_weight


def size(*networks: nn.Module) -> int:
    return sum(p.numel() for network in networks for p in network.parameters())


@pytest.mark.parametrize(
    ("side", "alone", "whole", "judge"),
    [(64, 3_804_160, 15_327_814, 2_765_824), (128, 13_241_344, 24_764_998, 11_162_624)],
)
def test_the_published_counts(side: int, alone: int, whole: int, judge: int) -> None:
    """What is published as the generator's has the encoder and the classifier of ten identities in
    it: all that the generator's optimiser trains."""
    with torch.device("meta"):
        generator = Wav2PixGenerator([side])
        assert size(generator) == alone
        assert size(generator, Wav2PixEncoder(), IdentityHead(128, class_count=10)) == whole
        assert size(Wav2PixDiscriminator([side])) == judge


def test_maps_double_from_4_px() -> None:
    with torch.device("meta"):
        network = Wav2PixGenerator([128])
        assert network.seed.out_channels == 1024
        assert [up.out_channels for up in network.ups] == [512, 256, 128, 64, 3]
        assert network(torch.empty(2, 128), None).shape == (2, 3, 128, 128)


def tiny() -> Wav2PixGenerator:
    torch.manual_seed(0)
    network = Wav2PixGenerator([16], 4, 6).eval()
    initialise(network, 0.02)
    return network


def test_a_picture_is_a_function_of_sound_and_number() -> None:
    network, heard = tiny(), torch.randn(3, 6)
    noise = torch.tensor([1, 2, 1])
    made = network(heard, noise)
    assert torch.equal(made, network(heard, noise))
    torch.testing.assert_close(network(heard[1:2], noise[1:2])[0], made[1])
    same = network(heard[:1].expand(3, -1), noise)
    torch.testing.assert_close(same[0], same[2])
    assert (same[0] - same[1]).abs().max() > 1e-3


def test_without_noise_nothing_is_left_out() -> None:
    network, heard = tiny(), torch.randn(2, 6)
    x = network.seed(heard[:, :, None, None])
    for up in network.ups:
        x = up(x.relu())
    torch.testing.assert_close(network(heard, None), x.tanh())


def test_weights_begin_normal_and_have_norm_one() -> None:
    network = Wav2PixGenerator([32], 32, 64)
    initialise(network, 0.02)
    for layer in (network.seed, *network.ups):
        stored = stored_weight(layer)
        assert abs(stored.std().item() - 0.02) < 0.002
        matrix = layer.weight.transpose(0, 1).flatten(1)  # (outputs, inputs x 16)
        assert abs(torch.linalg.matrix_norm(matrix, 2).item() - 1) < 0.1


def test_gradients_reach_what_was_heard_through_dropout() -> None:
    network, heard = tiny(), torch.randn(2, 6, requires_grad=True)
    network(heard, torch.tensor([1, 2])).sum().backward()
    assert heard.grad is not None and heard.grad.abs().sum() > 0
