from __future__ import annotations

import pytest
import torch

from experiments.data.text.reading import reads_of
from experiments.encoder.given_sentences import GivenSentences
from experiments.terminal.error import UserError


def test_it_says_how_wide_sentences_are_and_refuses_captions() -> None:
    encoder = GivenSentences(dim=7).freeze()
    assert encoder.dim == 7 and not encoder.state_dict() and not encoder.sees_pictures
    assert reads_of(encoder) == "characters", "so that no vocabulary is asked for"
    with pytest.raises(UserError, match=r"no text encoder and reads no captions.*of 7 numbers"):
        encoder.encode_text(torch.zeros(1, 2, dtype=torch.int64), torch.tensor([2]))
