from __future__ import annotations

import pytest
import torch

from experiments.encoder.bilstm import BiLSTM


@pytest.fixture
def encoder() -> BiLSTM:
    torch.manual_seed(0)
    return BiLSTM(30, dim=8, embedding_dim=6).eval()


@pytest.mark.parametrize(("vocabulary", "published"), [(5450, 2_075_320), (27297, 8_629_420)])
def test_parameter_count_is_the_published_one(vocabulary: int, published: int) -> None:
    with torch.device("meta"):
        encoder = BiLSTM(vocabulary)
    assert sum(p.numel() for p in encoder.parameters()) == published


def test_shapes_and_zero_words_on_padding(encoder: BiLSTM) -> None:
    tokens = torch.tensor([[3, 4, 0, 0, 0], [5, 6, 7, 8, 0]])
    words, sentence = encoder(tokens, torch.tensor([2, 4]))
    assert words.shape == (2, 8, 5)
    assert sentence.shape == (2, 8)
    assert words[0, :, 2:].eq(0).all() and words[1, :, 4:].eq(0).all()
    assert words[0, :, :2].ne(0).all()


def test_padding_and_order_of_captions_change_nothing(encoder: BiLSTM) -> None:
    tokens = torch.tensor([[3, 4, 0], [5, 6, 7], [9, 0, 0]])
    lengths = torch.tensor([2, 3, 1])
    words, sentence = encoder(tokens, lengths)
    order = torch.tensor([2, 0, 1])
    words2, sentence2 = encoder(torch.nn.functional.pad(tokens, (0, 4))[order], lengths[order])
    torch.testing.assert_close(words2[:, :, :3], words[order])
    torch.testing.assert_close(sentence2, sentence[order])


def test_sentence_is_the_last_state_of_both_directions(encoder: BiLSTM) -> None:
    words, sentence = encoder(torch.tensor([[3, 4, 5, 0]]), torch.tensor([3]))
    torch.testing.assert_close(sentence[0, :4], words[0, :4, 2])  # forward ends on the last word
    torch.testing.assert_close(sentence[0, 4:], words[0, 4:, 0])  # backward ends on the first


def test_gradient_reaches_only_the_words_that_were_read(encoder: BiLSTM) -> None:
    _, sentence = encoder(torch.tensor([[3, 4, 0]]), torch.tensor([2]))
    sentence.sum().backward()
    gradient = encoder.embedding.weight.grad
    assert gradient is not None
    assert gradient.abs().sum(1).nonzero().flatten().tolist() == [3, 4]


def test_embedding_starts_within_a_tenth() -> None:
    weight = BiLSTM(200, dim=4).embedding.weight
    assert 0.09 < weight.abs().max() <= 0.1
