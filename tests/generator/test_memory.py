"""DM-GAN's memory: its size, and what it computes pixel by pixel."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.generator.attngan import AttnGANGenerator
from experiments.generator.memory import MemoryRefinement


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("width", "parameters"), [(64, 58_177), (32, 23_073)])
def test_released_sizes_of_the_memory(width: int, parameters: int) -> None:
    with torch.device("meta"):
        assert count(MemoryRefinement(width, 256, False)) == parameters


@pytest.mark.parametrize(("blocks", "parameters"), [(2, 21_449_042), (3, 22_335_314)])
def test_released_sizes_of_the_generator(blocks: int, parameters: int) -> None:
    with torch.device("meta"):
        made = AttnGANGenerator([64, 128, 256], 64, residual_blocks=blocks, refine="memory")
    assert count(made) == parameters


def test_one_pixel_by_hand() -> None:
    torch.manual_seed(0)
    memory = MemoryRefinement(3, 5, False)
    h, words = torch.randn(2, 3, 2, 2), torch.randn(2, 5, 4)
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    refined, beta = memory(h, words, mask)
    row, pixel = 1, (0, 1)
    mean, x = h[row].mean((1, 2)), h[row, :, pixel[0], pixel[1]]
    scores, values = [], []
    for word in words[row].T[:2]:  # the others are padding
        gate = (memory.word_gate(word) + memory.image_gate(mean)).sigmoid()
        slot = gate * (memory.word.weight[:, :, 0] @ word + memory.word.bias).relu()
        slot = slot + (1 - gate) * memory.image(mean).relu()
        scores.append((memory.key.weight[:, :, 0] @ slot + memory.key.bias).relu() @ x)
        values.append((memory.value.weight[:, :, 0] @ slot + memory.value.bias).relu())
    weights = torch.stack(scores).softmax(0)
    read = weights @ torch.stack(values)
    gate = memory.response.weight[0, :, 0, 0] @ torch.cat((x, read)) + memory.response.bias
    expected = (1 - gate.sigmoid()) * x + gate.sigmoid() * read
    torch.testing.assert_close(refined[row, :, pixel[0], pixel[1]], expected)
    torch.testing.assert_close(beta[row, :2, pixel[0], pixel[1]], weights)
    assert not beta[row, 2:].any()


def test_padding_says_nothing_and_words_do() -> None:
    torch.manual_seed(0)
    made = AttnGANGenerator([8, 16], 4, 5, 6, 7, 1, norm="group", refine="memory")
    noise, epsilon, sentence = torch.randn(2, 5), torch.randn(2, 6), torch.randn(2, 7)
    words, mask = torch.randn(2, 7, 3), torch.tensor([[True, True, False]] * 2)
    images = made(noise, epsilon, sentence, words, mask).images
    other = words.clone()
    other[:, :, 2] = 9.0
    same = made(noise, epsilon, sentence, other, mask).images
    assert torch.equal(images[1], same[1])
    other[:, :, 0] = 9.0
    changed = made(noise, epsilon, sentence, other, mask).images
    assert torch.equal(images[0], changed[0]) and not torch.equal(images[1], changed[1])
    counted = made(noise, epsilon, sentence, words, mask.float()).images
    torch.testing.assert_close(images[1], counted[1])
