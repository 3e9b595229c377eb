from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.data.text.alphabet import encode_characters
from experiments.encoder.char_cnn_rnn import CharCNNRNN
from experiments.encoder.recurrent import FixedGRU

ARCHS = ("cvpr", "icml_rnn8", "icml_gru18")
CAPTIONS = ["a small bird with a red crown", "Blue!", "this bird is yellow, and " * 9]


@pytest.fixture(params=ARCHS)
def encoder(request: pytest.FixtureRequest) -> CharCNNRNN:
    torch.manual_seed(0)
    encoder = CharCNNRNN(6, request.param, width=8)
    for parameter in encoder.parameters():  # so few channels of 0.08 would say almost nothing
        torch.nn.init.uniform_(parameter, -0.5, 0.5)
    return encoder.eval()


def read(*captions: str) -> tuple[Tensor, Tensor]:
    tokens, lengths = encode_characters(captions)
    return torch.from_numpy(tokens).long(), torch.from_numpy(lengths)


@pytest.mark.parametrize(
    ("arch", "published"),
    [("cvpr", 1_814_144), ("icml_rnn8", 2_994_560), ("icml_gru18", 4_045_184)],
)
def test_parameter_counts(arch: str, published: int) -> None:
    """1.81, 2.99 and 4.05 million. By layer: 70*4*384 + 384 and 384*4*512 + 512; 512*4*d + d; d^2
    + d for each product of the recurrent layer, two or six; d*1024 + 1024."""
    with torch.device("meta"):
        encoder = CharCNNRNN(arch=arch)  # type: ignore[arg-type]
    assert sum(p.numel() for p in encoder.parameters()) == published


@pytest.mark.parametrize(("arch", "steps"), zip(ARCHS, (8, 8, 18), strict=True))
def test_steps_of_the_recurrent_layer(arch: str, steps: int) -> None:
    encoder = CharCNNRNN(6, arch, width=8)  # type: ignore[arg-type]
    assert isinstance(encoder.recurrent, FixedGRU) == (arch == "icml_gru18")
    shapes = []
    encoder.recurrent.register_forward_pre_hook(lambda _, given: shapes.append(given[0].shape))
    words, sentence = encoder(*read(*CAPTIONS))
    assert words is None and sentence.shape == (3, 6)
    assert shapes == [(3, steps, 4 if arch == "cvpr" else 8)]


def test_a_caption_depends_on_no_other_and_not_on_padding(encoder: CharCNNRNN) -> None:
    tokens, lengths = read(*CAPTIONS)
    together = encoder(tokens, lengths)[1]
    assert (together[0] - together[1]).abs().max() > 1e-4
    for row, caption in enumerate(CAPTIONS):
        alone = encoder(*read(caption))[1]
        torch.testing.assert_close(alone[0], together[row])
    longest = int(lengths[:2].max())
    short = encoder(tokens[:2, :longest], lengths[:2])[1]
    torch.testing.assert_close(short, together[:2])
    torch.testing.assert_close(encoder(F.pad(tokens, (0, 9)), lengths)[1], together)


def test_an_unknown_letter_is_an_empty_column(encoder: CharCNNRNN) -> None:
    """The weights of no symbol take part: moving them all moves nothing."""
    tokens = torch.zeros(1, 201, dtype=torch.int64)
    before = encoder(tokens, torch.tensor([201]))[1]
    torch.nn.init.constant_(encoder.conv1.weight, 3.0)
    torch.testing.assert_close(encoder(tokens, torch.tensor([201]))[1], before)
    tokens[0, 20] = 1
    assert (encoder(tokens, torch.tensor([201]))[1] - before).abs().max() > 1e-4


def test_the_first_layer_looks_up_its_weights(encoder: CharCNNRNN) -> None:
    """One-hot columns times the weights: at place t, W_0[s_t] + ... + W_3[s_(t+3)] + b."""
    found = []
    encoder.conv1.register_forward_hook(lambda *given: found.append(given[2]))
    tokens, lengths = read("red bird")
    encoder(tokens, lengths)
    for place in (0, 3, 6, 100):
        expected = encoder.conv1.bias.clone()
        for k in range(4):
            symbol = int(tokens[0, place + k])
            if symbol > 0:
                expected += encoder.conv1.weight[:, symbol - 1, k]
        torch.testing.assert_close(found[0][0, :, place], expected)


def test_gradients_reach_the_letters_that_were_read(encoder: CharCNNRNN) -> None:
    torch.nn.init.uniform_(encoder.conv1.bias, 0.1, 0.2)
    tokens, lengths = read("abcabc")
    encoder(tokens, lengths)[1].square().sum().backward()
    gradient = encoder.conv1.weight.grad
    assert gradient is not None
    assert set(gradient.abs().sum((0, 2)).nonzero().flatten().tolist()) == {0, 1, 2}


def test_a_width_that_cannot_be_shared_out() -> None:
    with pytest.raises(AssertionError, match="multiple"):
        CharCNNRNN(6, width=10)
