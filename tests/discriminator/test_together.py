"""Several batches at once are what they are one after the other."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from experiments.discriminator import together as module
from experiments.discriminator.attngan import AttnGANDiscriminator
from experiments.discriminator.base import Discriminator, Logits
from experiments.discriminator.reed import ReedDiscriminator
from experiments.discriminator.together import as_product, together

JUDGES: dict[str, Callable[[], Discriminator]] = {
    "attngan": lambda: AttnGANDiscriminator([16, 64], width=4, text_dim=6),
    "attngan spectral": lambda: AttnGANDiscriminator(
        [16, 64], width=4, text_dim=6, norm="spectral"
    ),
    "reed": lambda: ReedDiscriminator([64], width=4, text_dim=6),
    "reed, groups": lambda: ReedDiscriminator([64], width=4, text_dim=6, norm="group"),
}


@pytest.mark.parametrize("large", [0, 3_000_000])
@pytest.mark.parametrize("kind", JUDGES)
def test_logits_gradients_and_statistics_are_those_of_one_batch_after_the_other(
    kind: str, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", large)
    torch.manual_seed(0)
    judge = JUDGES[kind]().double()
    other = copy.deepcopy(judge)
    batches = [
        [torch.randn(3, 3, size, size, dtype=torch.float64) + shift for size in judge.resolutions]
        for shift in (0.0, 1.0, -2.0)  # so that mixed statistics would show
    ]
    conditions = [torch.randn(3, 6, dtype=torch.float64) for _ in batches]
    at_once = judge.heads(judge.trunks(batches), conditions)
    one_by_one = [other(*pair) for pair in zip(batches, conditions, strict=True)]
    for ours, theirs in zip(flat(at_once), flat(one_by_one), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    for logits in (at_once, one_by_one):
        torch.cat([x.sin() * number for number, x in enumerate(flat(logits), 1)]).sum().backward()
    for (name, mine), (_, its) in zip(
        judge.named_parameters(), other.named_parameters(), strict=True
    ):
        assert (mine.grad is None) == (its.grad is None), name
        if mine.grad is not None and its.grad is not None:
            torch.testing.assert_close(mine.grad, its.grad, rtol=1e-10, atol=1e-10)
    # Running statistics depend on the order; the vectors of spectral norms on how often one looked.
    for name, buffer in judge.named_buffers():
        torch.testing.assert_close(buffer, other.get_buffer(name), rtol=1e-12, atol=1e-12)


def test_only_kernels_that_outweigh_the_maps_see_all_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LARGE", 4096)
    layers = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 64, 4, 2))
    seen: list[tuple[int, ...]] = []
    for layer in layers:
        layer.register_forward_pre_hook(lambda _, given: seen.append(tuple(given[0].shape)))
    batches = [torch.randn(2, 2, 8, 8), torch.randn(2, 2, 8, 8)]
    with FlopCounterMode(display=False) as counter:
        found = together(layers, batches)
    assert [tuple(x.shape) for x in found] == [(2, 64, 3, 3)] * 2
    # 72 weights for 256 values; the norm; 4096 weights for 512 values, so a product, not a layer.
    assert seen == [(2, 2, 8, 8)] * 2 + [(2, 4, 8, 8)] * 2
    assert counter.get_flop_counts()["Global"][torch.ops.aten.mm] == 2 * 4096 * (2 * 2 * 3 * 3)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(4, 2, 1), (3, 1, 1), (1, 1, 0)])
def test_a_convolution_is_a_product_of_matrices(
    kernel: int, stride: int, padding: int, bias: bool
) -> None:
    layer = nn.Conv2d(3, 5, kernel, stride, padding, bias=bias).double()
    x = torch.randn(2, 3, 8, 6, dtype=torch.float64, requires_grad=True)
    found, expected = as_product(layer, x), layer(x)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    assert found.is_contiguous()
    given = [x, *layer.parameters()]
    ours, theirs = (torch.autograd.grad(y.sin().sum(), given) for y in (found, expected))
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


def test_no_multiplication_is_added() -> None:
    judge = JUDGES["attngan"]()
    batches = [[torch.randn(2, 3, size, size) for size in (16, 64)] for _ in range(2)]
    counts = []
    for pass_through in (judge.trunks, lambda many: [judge.trunks([one]) for one in many]):
        with FlopCounterMode(display=False) as counter:
            pass_through(batches)
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1] > 0


def flat(logits: list[list[Logits]]) -> list[Tensor]:
    return [x for batch in logits for pair in batch for x in pair if x is not None]
