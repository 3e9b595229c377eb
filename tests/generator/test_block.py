"""Attention over words that count more than once, or not at all; the forms of doubling."""

from __future__ import annotations

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from experiments.generator.block import UpConv, WordAttention


@pytest.fixture
def attention() -> WordAttention:
    torch.manual_seed(0)
    return WordAttention(4, 6, legacy_mask=False)


def test_weights_of_one_and_zero_are_the_mask(attention: WordAttention) -> None:
    h, words = torch.randn(2, 4, 3, 3), torch.randn(2, 6, 5)
    mask = torch.tensor([[True, True, True, False, False], [True, False, True, True, True]])
    for found, expected in zip(
        attention(h, words, mask.float()), attention(h, words, mask), strict=True
    ):
        torch.testing.assert_close(found, expected)


def test_a_word_that_counts_twice_is_one_that_is_said_twice(attention: WordAttention) -> None:
    h, words = torch.randn(1, 4, 3, 3), torch.randn(1, 6, 3)
    context, beta = attention(h, words, torch.tensor([[1.0, 2.0, 1.0]]))
    said = torch.cat((words, words[:, :, 1:2]), dim=2)
    expected, each = attention(h, said, torch.ones(1, 4, dtype=torch.bool))
    torch.testing.assert_close(context, expected)
    torch.testing.assert_close(beta[:, 1], each[:, 1] + each[:, 3])


def test_words_alike_in_all_are_attended_to_by_their_weights(attention: WordAttention) -> None:
    words = torch.randn(1, 6, 1).expand(1, 6, 3)
    weights = torch.tensor([[0.5, 1.5, 0.0]])
    _, beta = attention(torch.randn(1, 4, 2, 2), words, weights)
    torch.testing.assert_close(beta[0, :, 1, 0], torch.tensor([0.25, 0.75, 0.0]))


@pytest.mark.parametrize(
    ("side", "layout", "form"),
    [
        (9, torch.contiguous_format, "aten::as_strided"),  # 864 weights, 540 values
        (9, torch.channels_last, "aten::conv_transpose2d"),
        (5, torch.contiguous_format, "aten::upsample_nearest2d"),  # 180 values
    ],
)
def test_every_form_of_doubling_is_the_published_one(
    side: int, layout: torch.memory_format, form: str
) -> None:
    torch.manual_seed(0)
    fast, plain = (
        UpConv(3, 32, fast=True).double(),
        UpConv(3, 32, fast=False).double(),
    )
    plain.load_state_dict(fast.state_dict())
    x = torch.randn(2, 3, side, side + 1, dtype=torch.float64).contiguous(memory_format=layout)
    inputs = [x.clone().requires_grad_(), x.clone().requires_grad_()]
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        found = fast(inputs[0])
    assert form in {event.name for event in profiled.events()}
    expected = plain(inputs[1])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    weights = torch.randn_like(expected)
    for output in (found, expected):
        (output * weights).sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(
        fast.conv.weight.grad, plain.conv.weight.grad, rtol=1e-11, atol=1e-11
    )
