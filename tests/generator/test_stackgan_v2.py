from __future__ import annotations

import pytest
import torch

from experiments.generator.stackgan_v2 import JointStage, StackGANv2Generator
from tests.released_size import stackgan_v2


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameter_counts_are_the_published_ones() -> None:
    with torch.device("meta"):
        network = StackGANv2Generator()
    parts = [network.augmentation, network.initial, *network.stages, network.heads]
    found = [count(part) for part in parts]
    assert found == stackgan_v2(64, 2, 3) == [524_800, 20_074_240, 480_384, 157_248, 3_024]
    assert count(network) == 21_239_696


def test_the_dense_one_has_the_published_size_of_s2igan() -> None:
    with torch.device("meta"):
        network = StackGANv2Generator(dense=True)
    assert count(network.augmentation) == 524_800 and count(network.initial) == 20_074_240
    assert [count(stage) for stage in network.stages] == [517_248, 166_464]
    assert count(network) == 21_285_776


def test_a_dense_stage_doubles_what_it_made_and_what_came_in() -> None:
    """Made first, then what came in: with the weights of the latter at zero it is a plain stage."""
    torch.manual_seed(0)
    plain, dense = (
        JointStage(4, 2, 3, 1, "batch", fast=False, dense=which).eval() for which in (False, True)
    )
    weight = plain.up[0].conv.weight
    found = dict(plain.state_dict())
    found["up.0.conv.weight"] = torch.cat((weight, torch.zeros_like(weight)), dim=1)
    dense.load_state_dict(found)
    h, condition = torch.randn(2, 4, 8, 8), torch.randn(2, 3)
    torch.testing.assert_close(dense(h, condition), plain(h, condition))
    # With those of what was made at zero, the condition reaches nothing.
    found["up.0.conv.weight"] = torch.cat((torch.zeros_like(weight), weight), dim=1)
    dense.load_state_dict(found)
    torch.testing.assert_close(dense(h, condition), plain.up(h))


def test_four_stages_as_released_and_as_here() -> None:
    """There the fourth has one residual block: docs/stackgan_v2.md."""
    sides = (64, 128, 256, 512)
    with torch.device("meta"):
        released, ours = (
            StackGANv2Generator(sides, residual_blocks=[2, 2, 1]),
            StackGANv2Generator(sides),
        )
    block = stackgan_v2(64, 2, 4)[4] - stackgan_v2(64, 1, 4)[4]
    assert count(ours) == sum(stackgan_v2(64, 2, 4)) == 21_297_800
    assert count(released) == count(ours) - block == 21_290_792
    with pytest.raises(AssertionError, match=r"residual_blocks \[2, 2\] of 3 further stages"):
        StackGANv2Generator(sides, residual_blocks=[2, 2])


@pytest.mark.parametrize("resolutions", [[8], [8, 16], [16, 32, 64]])
def test_shapes(resolutions: list[int]) -> None:
    network = StackGANv2Generator(resolutions, 8, 5, 3, 6, 1)
    made = network(torch.randn(2, 5), torch.randn(2, 3), torch.randn(2, 6))
    assert [tuple(image.shape) for image in made.images] == [(2, 3, r, r) for r in resolutions]
    assert made.mu is not None and made.logvar is not None


def test_the_condition_reaches_every_stage() -> None:
    network = StackGANv2Generator([8, 16], 8, 5, 3, 6, 1, sampling=False).eval()
    h = torch.randn(1, 8, 8, 8)
    (stage,) = network.stages
    assert not torch.equal(stage(h, torch.zeros(1, 3)), stage(h, torch.ones(1, 3)))


def test_the_short_form_of_doubling_computes_the_same() -> None:
    torch.manual_seed(0)
    short, plain = (
        StackGANv2Generator([8, 16], 8, 5, 3, 6, 1, fast_upsample=fast).double().eval()
        for fast in (True, False)
    )
    plain.load_state_dict(short.state_dict())
    inputs = [torch.randn(2, n, dtype=torch.float64) for n in (5, 3, 6)]
    for left, right in zip(short(*inputs).images, plain(*inputs).images, strict=True):
        torch.testing.assert_close(left, right)


def test_mistakes() -> None:
    with pytest.raises(AssertionError, match="must double"):
        StackGANv2Generator([8, 32], 8)
    with pytest.raises(AssertionError, match="cannot be halved"):
        StackGANv2Generator([8, 16, 32], 2)
