from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from experiments.encoder.voice import VoiceEncoder, shortest

SIX_SECONDS = (2, 598, 257)
# (channels, time, frequency) behind every convolution and pooling, as both ports print them.
TABLE = [
    *[(64, 595, 254), (64, 592, 251), (128, 589, 248), (128, 294, 248), (128, 291, 245)],
    *[(128, 145, 245), (128, 142, 242), (128, 71, 242), (256, 68, 239), (256, 34, 239)],
    *[(512, 31, 236), (512, 14, 117), (512, 6, 57)],
]


def small(**options: object) -> VoiceEncoder:
    torch.manual_seed(0)
    given = {"shape": (2, 300, 40), "dim": 6, "width": 1 / 32} | options
    return VoiceEncoder(**given)  # type: ignore[arg-type]


def test_every_shape_and_the_count_are_those_of_the_table() -> None:
    with torch.device("meta"):
        network = VoiceEncoder(SIX_SECONDS)
        seen: list[tuple[int, ...]] = []
        for layer in network.layers:
            if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
                layer.register_forward_hook(lambda _, __, out: seen.append(tuple(out.shape[1:])))
        given: list[tuple[int, ...]] = []
        network.head[0].register_forward_pre_hook(lambda _, x: given.append(tuple(x[0].shape)))
        assert network(torch.zeros(2, *SIX_SECONDS)).shape == (2, 4096)
    assert seen == TABLE
    assert given == [(2, 29184)]
    weights = sum(parameter.numel() for parameter in network.parameters())
    assert weights == 148_062_976
    assert network.head[0].weight.numel() == 119_537_664  # what the mean leaves costs most


def test_a_block_is_convolution_relu_normalisation() -> None:
    kinds = [type(layer).__name__ for layer in small().layers]
    block = ["Conv2d", "ReLU", "BatchNorm2d"]
    pooled = [*block, "MaxPool2d"]
    assert kinds == [*block * 2, *pooled * 4, *block * 2, "Conv2d"]
    assert [type(layer).__name__ for layer in small().head] == ["Linear", "ReLU", "Linear"]


def test_the_last_normalisation_sees_the_mean_over_time_behind_its_relu() -> None:
    network, sounds = small().eval(), torch.randn(3, 2, 600, 40)
    maps = network.layers(sounds)
    assert maps.shape[2] > 1
    expected = network.head(network.norm(maps.mean(2, keepdim=True).relu()).flatten(1))
    assert torch.equal(network(sounds), expected)


def test_sounds_of_any_length_are_heard_by_the_same_weights() -> None:
    network = small().eval()
    for frames in (shortest(), 300, 700):
        assert network(torch.randn(2, 2, frames, 40)).shape == (2, 6)
    assert shortest() == 259
    with pytest.raises(AssertionError, match=r"258 frames is too short .* need 259"):
        small(shape=(2, 258, 40))


def test_width_and_pooling_along_frequency_make_it_smaller() -> None:
    def count(**options: object) -> int:
        with torch.device("meta"):
            network = VoiceEncoder(SIX_SECONDS, **options)  # type: ignore[arg-type]
        return sum(parameter.numel() for parameter in network.parameters())

    mean_of_three = count(freq_pool=[1, 1, 1, 1, 3])
    assert count() - mean_of_three == (57 - 19) * 512 * 4096
    assert count(width=0.5) < count() / 3.5
    early = small(shape=(2, 300, 129), freq_pool=[3, 1, 1, 1, 2]).eval()
    sides: list[int] = []
    early.layers[9].register_forward_hook(lambda _, __, out: sides.append(out.shape[3]))
    assert early(torch.randn(2, 2, 300, 129)).shape == (2, 6)
    assert sides == [(129 - 9) // 3]
    with pytest.raises(AssertionError, match="257 frequencies are too few"):
        small(shape=(2, 300, 257), freq_pool=[8, 8, 1, 1, 1])


def test_features_behind_a_relu_are_an_option() -> None:
    sounds = torch.randn(8, 2, 300, 40)

    def signs(network: VoiceEncoder) -> Tensor:
        return network.eval()(sounds).sign()

    assert (signs(small()) < 0).any()
    assert (signs(small(last_relu=True)) >= 0).all()
