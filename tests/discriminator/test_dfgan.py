"""DF-GAN's discriminator: its size, how it begins, and its trunk beside the released form."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from experiments.discriminator.dfgan import DFGANDiscriminator, DownResidual
from experiments.generator.initialisation import initialise
from experiments.loss.gradient_penalty import GradientPenalty


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("width", "side", "trunk", "head"),
    [
        (32, 256, 6_619_206, 295_936),
        (64, 256, 26_472_582, 886_784),
        (32, 128, 4_915_013, 295_936),
        (32, 64, 3_210_820, 295_936),
        (16, 64, 803_108, 111_104),
    ],
)
def test_released_sizes(width: int, side: int, trunk: int, head: int) -> None:
    """The release also registers a shortcut's convolution where widths agree, and never uses it."""
    with torch.device("meta"):
        made = DFGANDiscriminator([side], width)
    unused = 0
    for block in made.layers:
        if isinstance(block, DownResidual) and isinstance(block.shortcut, torch.nn.Identity):
            unused += (8 * width) ** 2 + 8 * width
    assert unused == {(32, 256): 197_376}.get((width, side), unused)
    assert (count(made.layers) + unused, count(made.head)) == (trunk, head)


def test_a_block_is_the_released_one() -> None:
    torch.manual_seed(0)
    block, x = DownResidual(4, 6), torch.randn(2, 4, 8, 8)
    torch.testing.assert_close(block(x), F.avg_pool2d(block.shortcut(x), 2))  # gamma is 0
    torch.nn.init.constant_(block.gamma, 0.5)
    first, second = block.residual[0].weight, block.residual[2].weight
    h = F.leaky_relu(F.conv2d(x, first, stride=2, padding=1), 0.2)
    h = F.leaky_relu(F.conv2d(h, second, padding=1), 0.2)
    expected = F.avg_pool2d(block.shortcut(x), 2) + 0.5 * h
    torch.testing.assert_close(block(x), expected)


def test_pictures_are_judged_together_as_one_by_one() -> None:
    torch.manual_seed(0)
    judge = DFGANDiscriminator([32], 4, 6)
    one, other = torch.randn(3, 3, 32, 32), torch.randn(2, 3, 32, 32)
    told = torch.randn(3, 6), torch.randn(2, 6)
    both = judge.heads(judge.trunks([[one], [other]]), told)
    for found, images, sentence in zip(both, (one, other), told, strict=True):
        ((logits, alone),) = judge([images], sentence)
        assert alone is None and logits.shape == (len(images),)
        torch.testing.assert_close(found[0][0], logits)


def test_its_slope_is_small_at_first_so_that_the_penalty_rests() -> None:
    """Residual parts have no effect then: the judge is almost linear in the picture."""
    torch.manual_seed(0)
    judge = DFGANDiscriminator([64], 16, 256)
    initialise(judge)
    images = torch.randn(4, 3, 64, 64, requires_grad=True)
    told = (0.1 * torch.randn(4, 256)).requires_grad_()
    ((logits, _),) = judge([images], told)
    value = GradientPenalty(2.0, 6.0, True)(logits, [images, told])
    assert 0 < value.item() < 1e-2
    assert all(float(block.gamma) == 0 for block in list(judge.layers)[1:])
