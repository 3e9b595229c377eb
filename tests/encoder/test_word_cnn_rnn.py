from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from experiments.encoder.word_cnn_rnn import WordCNNRNN

TOKENS = torch.tensor([[3, 4, 0, 0, 0], [5, 6, 7, 8, 9], [19, 0, 0, 0, 0]])
LENGTHS = torch.tensor([2, 5, 1])


@pytest.fixture
def encoder() -> WordCNNRNN:
    torch.manual_seed(0)
    encoder = WordCNNRNN(20, dim=6, width=8)
    for parameter in encoder.parameters():  # so few channels of 0.08 would say almost nothing
        torch.nn.init.uniform_(parameter, -0.5, 0.5)
    return encoder.eval()


def test_parameter_count() -> None:
    """3*V*512 + 512, two times 512*2*512 + 512, two products of the RNN, and 512*1024 + 1024; V
    does not count the padding."""
    with torch.device("meta"):
        encoder = WordCNNRNN(5450)
    convolutions = 3 * 5449 * 512 + 512 + 2 * (512 * 2 * 512 + 512)
    expected = convolutions + 2 * (512 * 512 + 512) + 512 * 1024 + 1024
    assert sum(p.numel() for p in encoder.parameters()) == expected


def test_equals_convolutions_over_one_hot_words(encoder: WordCNNRNN) -> None:
    words, found = encoder(TOKENS, LENGTHS)
    assert words is None
    one_hot = F.one_hot(F.pad(TOKENS, (0, 25)), 20)[..., 1:].float().transpose(1, 2)
    kernel = encoder.table.view(19, 3, 8).permute(2, 0, 1)  # word, place, channel
    x = F.conv1d(one_hot, kernel, encoder.bias).relu()
    assert x.shape[2] == 28
    x = F.max_pool1d(encoder.conv2(x).relu(), 3)
    x = encoder.conv3(x).relu()
    assert x.shape[2] == 8  # steps
    torch.testing.assert_close(found, encoder.out(encoder.recurrent(x.transpose(1, 2))))


def test_a_caption_depends_on_no_other_and_not_on_padding(encoder: WordCNNRNN) -> None:
    together = encoder(TOKENS, LENGTHS)[1]
    assert (together[0] - together[1]).abs().max() > 1e-5
    for row in range(3):
        alone = encoder(TOKENS[row : row + 1], LENGTHS[row : row + 1])[1]
        torch.testing.assert_close(alone[0], together[row])
    torch.testing.assert_close(encoder(F.pad(TOKENS, (0, 40)), LENGTHS)[1], together)


def test_words_beyond_the_length_are_cut(encoder: WordCNNRNN) -> None:
    tokens = torch.randint(1, 20, (1, 40))
    first, _ = tokens.split((30, 10), dim=1)
    found = encoder(tokens, torch.tensor([40]))[1]
    torch.testing.assert_close(found, encoder(first, torch.tensor([30]))[1])


def test_the_shortest_length_has_a_step() -> None:
    tokens = torch.tensor([[1, 2, 3]])
    assert WordCNNRNN(20, 6, length=9, width=4)(tokens, torch.tensor([3]))[1].shape == (1, 6)
    with pytest.raises(AssertionError, match="9 or more"):
        WordCNNRNN(20, 6, length=8, width=4)


def test_initial_range() -> None:
    encoder = WordCNNRNN(20, dim=6, width=8)
    assert 0.07 < encoder.table.abs().max() <= 0.08
    assert 0.03 < encoder.bias.abs().max() <= 0.08
