from __future__ import annotations

import pytest
import torch

from experiments.encoder.bilstm import BiLSTM
from experiments.encoder.char_cnn_rnn import CharCNNRNN
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.encoder.joint_embedding import JointEmbedding
from experiments.encoder.text_image import TextImageEncoder
from experiments.encoder.word_lstm import WordLSTM

TOKENS, LENGTHS = torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([3, 2])


def trunk() -> CNN:
    return CNN(widths=(4, 8), strides=(2, 2), global_width=10)


@pytest.fixture
def model() -> JointEmbedding:
    torch.manual_seed(0)
    return JointEmbedding(CharCNNRNN(6, width=4), trunk(), dim=6)


def test_both_sides_share_one_space(model: JointEmbedding) -> None:
    words, sentence = model.encode_text(TOKENS, LENGTHS)
    regions, vector = model.encode_image(torch.randn(2, 3, 16, 16))
    assert words is None and regions is None
    assert sentence.shape == vector.shape == (2, 6)


def test_the_image_side_is_a_linear_head_over_the_pooled_features(model: JointEmbedding) -> None:
    model.eval()
    images = torch.randn(2, 3, 16, 16)
    expected = model.vector_head(model.image(images)[1])
    torch.testing.assert_close(model.encode_image(images)[1], expected)


def test_normalised_vectors_have_length_one() -> None:
    model = JointEmbedding(WordLSTM(20, 6, 5, 8), trunk(), dim=6, normalise=True)
    sides = model.encode_text(TOKENS, LENGTHS)[1], model.encode_image(torch.randn(2, 3, 16, 16))[1]
    for vectors in sides:
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))


def test_names_and_reading_are_those_of_the_text(model: JointEmbedding) -> None:
    assert (model.name, model.reads) == ("char_cnn_rnn", "characters")
    by_words = JointEmbedding(WordLSTM(20, 6, 5, 8), trunk(), dim=6)
    assert (by_words.name, by_words.reads) == ("word_lstm", "words")
    damsm = DAMSM(BiLSTM(20, dim=6, embedding_dim=5), trunk(), dim=6)
    assert (damsm.name, damsm.reads) == ("damsm", "words")


def test_frozen_stays_frozen(model: JointEmbedding) -> None:
    assert isinstance(model, TextImageEncoder) and model.freeze() is model
    torch.nn.Sequential(model).train()
    assert not any(module.training for module in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(AssertionError, match="dim=8"):
        JointEmbedding(CharCNNRNN(6, width=4), trunk(), dim=8)
    with pytest.raises(AssertionError, match="sentences only"):
        DAMSM(CharCNNRNN(6, width=4), trunk(), dim=6)
