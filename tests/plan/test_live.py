"""What a few operators cost, by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch._subclasses.fake_tensor import FakeTensorMode

from experiments.plan import live
from experiments.plan.live import Tally


def convolve() -> None:
    """(2, 3, 5, 5) by 4 kernels of 3 x 3 x 3 gives (2, 4, 3, 3)."""
    images, kernels = torch.ones(2, 3, 5, 5), torch.ones(4, 3, 3, 3, requires_grad=True)
    F.conv2d(images, kernels).sum().backward()


def test_flops_of_a_convolution() -> None:
    """2 x 4 x 3 x 3 results of 27 products and sums each, and as many for the kernels' gradient."""
    with Tally() as real:
        convolve()
    with FakeTensorMode(), Tally() as fake:
        convolve()
    assert real.flops == fake.flops == 2 * (2 * 72 * 27)
    assert real.peak == fake.peak and real.operators == fake.operators


def test_bytes_live_as_long_as_someone_holds_them() -> None:
    with Tally() as tally:
        first = torch.zeros(1000)
        view = first[10:].view(2, -1)
        assert tally.live == 4000 and tally.operators == 1
        second = view + 1
        assert tally.live == 4000 + 4 * 990 and tally.operators == 2
        del first
        assert tally.live == 4000 + 4 * 990  # the view holds it
        del view
        assert tally.live == 4 * 990
        second.add_(1)
        assert tally.operators == 3
        del second
    assert tally.live == 0 and tally.peak == 4000 + 4 * 990


def test_what_a_backward_pass_needs_is_alive() -> None:
    with Tally() as tally:
        weight = torch.ones(1000, requires_grad=True)
        loss = weight.exp().exp().sum()  # both results are saved
        assert tally.live == 3 * 4000 + 4
        loss.backward()
        assert tally.live == 2 * 4000 + 4  # the weight, its gradient, the sum


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("training", [True, False])
def test_a_short_way_gives_what_pytorch_gives(layout: torch.memory_format, training: bool) -> None:
    """Shapes, strides and types of a normalised batch and of its gradients."""

    def form(tensors: Any) -> list[Any]:
        return [one if one is None else (one.shape, one.stride(), one.dtype) for one in tensors]

    batch = torch.randn(2, 3, 4, 4, dtype=torch.bfloat16).to(memory_format=layout)
    weight, rest = torch.ones(3), (torch.ones(3), torch.ones(3), training, 0.1, 1e-5)
    forward = torch.ops.aten.native_batch_norm.default
    made = forward(batch, weight, weight, *rest)
    assert form(live.SHORT[forward](batch, weight, weight, *rest)[:1]) == form(made[:1])
    backward = torch.ops.aten.native_batch_norm_backward.default
    for wanted in ([True, True, True], [True, False, False]):
        back = (batch, batch, weight, *rest[:2], made[1], made[2], training, 1e-5, wanted)
        assert form(live.SHORT[backward](*back)) == form(backward(*back))
