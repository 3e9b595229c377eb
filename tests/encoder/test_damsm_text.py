from __future__ import annotations

import pytest
import torch

from experiments.encoder.bilstm import BiLSTM
from experiments.encoder.damsm_text import DAMSMText
from experiments.terminal.error import UserError


@pytest.fixture
def encoder() -> DAMSMText:
    torch.manual_seed(0)
    return DAMSMText(BiLSTM(9, dim=8, embedding_dim=6), dim=8)


def test_it_reads_words_as_its_text_encoder_does(encoder: DAMSMText) -> None:
    tokens, lengths = torch.tensor([[3, 4, 0], [5, 0, 0]]), torch.tensor([2, 1])
    words, sentence = encoder.freeze().encode_text(tokens, lengths)
    expected = encoder.text(tokens, lengths)
    assert encoder.reads == "words"
    assert torch.equal(words, expected[0]) and torch.equal(sentence, expected[1])


def test_frozen_it_never_trains(encoder: DAMSMText) -> None:
    assert not encoder.freeze().train().training
    assert not any(parameter.requires_grad for parameter in encoder.parameters())


def test_it_holds_the_text_encoder_alone(encoder: DAMSMText) -> None:
    assert {name.partition(".")[0] for name in encoder.state_dict()} == {"text"}
    with pytest.raises(AssertionError, match="gives 8 features, not dim=4"):
        DAMSMText(BiLSTM(9, dim=8), dim=4)


def test_pictures_are_refused(encoder: DAMSMText) -> None:
    assert not encoder.sees_pictures
    with pytest.raises(UserError, match=r"loss\.damsm\.stages=\[\]"):
        encoder.encode_image(torch.zeros(1, 3, 8, 8))
