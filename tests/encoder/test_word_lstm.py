from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from experiments.encoder.word_lstm import WordLSTM

TOKENS, LENGTHS = torch.tensor([[3, 4, 0, 0], [5, 6, 7, 8], [9, 0, 0, 0]]), torch.tensor([2, 4, 1])


@pytest.fixture
def encoder() -> WordLSTM:
    torch.manual_seed(0)
    return WordLSTM(20, dim=6, embedding_dim=5, width=8).eval()


def test_parameter_count() -> None:
    """V*300, four gates of 300*512 + 512*512 + 2*512, and 512*1024 + 1024."""
    with torch.device("meta"):
        encoder = WordLSTM(5450)
    expected = 5450 * 300 + 4 * (300 * 512 + 512 * 512 + 2 * 512) + 512 * 1024 + 1024
    assert sum(p.numel() for p in encoder.parameters()) == expected


def test_the_mean_of_the_states_of_its_words(encoder: WordLSTM) -> None:
    words, found = encoder(TOKENS, LENGTHS)
    assert words is None
    for row, length in enumerate(LENGTHS.tolist()):
        states = encoder.lstm(encoder.embedding(TOKENS[row, :length])[None])[0][0]
        torch.testing.assert_close(found[row], encoder.out(states.mean(0)))


def test_padding_and_order_of_captions_change_nothing(encoder: WordLSTM) -> None:
    found = encoder(TOKENS, LENGTHS)[1]
    order = torch.tensor([2, 0, 1])
    again = encoder(F.pad(TOKENS, (0, 14))[order], LENGTHS[order])[1]
    torch.testing.assert_close(again, found[order])


def test_gradient_reaches_only_the_words_that_were_read(encoder: WordLSTM) -> None:
    encoder(TOKENS[:1], LENGTHS[:1])[1].sum().backward()
    gradient = encoder.embedding.weight.grad
    assert gradient is not None
    assert gradient.abs().sum(1).nonzero().flatten().tolist() == [3, 4]
