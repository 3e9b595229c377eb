"""TGANs-C's sentence encoder: its size, padding that changes nothing, sentences that come back."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from experiments.encoder.sentence_autoencoder import (
    SentenceAutoencoder,
    SentenceLSTM,
    reconstruction,
)
from experiments.metric.sentence_autoencoder import ReturnedWords
from experiments.terminal.error import UserError

TOKENS, LENGTHS = torch.tensor([[3, 4, 0, 0], [5, 6, 7, 8], [9, 0, 0, 0]]), torch.tensor([2, 4, 1])


@pytest.fixture
def encoder() -> SentenceAutoencoder:
    torch.manual_seed(0)
    return SentenceAutoencoder(10, dim=12, embedding_dim=5, width=8)


def test_parameter_count() -> None:
    """1.85 million with 30 words."""
    with torch.device("meta"):
        network = SentenceLSTM(30)
    context = 2 * 4 * 256 * (256 + 256 + 2)
    sentence = 4 * 256 * (512 + 256 + 2)
    found = sum(p.numel() for p in network.parameters())
    assert found == 30 * 256 + context + sentence == 1_848_832


def test_padding_and_order_change_nothing(encoder: SentenceAutoencoder) -> None:
    found = encoder.encode_text(TOKENS, LENGTHS)[1]
    order = torch.tensor([2, 0, 1])
    padded = F.pad(TOKENS, (0, 9))[order]
    torch.testing.assert_close(encoder.encode_text(padded, LENGTHS[order])[1], found[order])
    entropy, _ = reconstruction(encoder.told(found, TOKENS, LENGTHS), TOKENS, LENGTHS)
    again, _ = reconstruction(
        encoder.told(found[order], padded, LENGTHS[order]), padded, LENGTHS[order]
    )
    torch.testing.assert_close(again, entropy[order])


def test_the_last_word_of_a_short_sentence_is_its_own(encoder: SentenceAutoencoder) -> None:
    words, found = encoder.encode_text(TOKENS, LENGTHS)
    assert words is None
    states, _ = encoder.text.context(encoder.text.embedding(TOKENS[:1, :2]))
    _, (last, _) = encoder.text.sentence(states)
    torch.testing.assert_close(found[:1], last[0])


def test_words_and_the_end_count_and_padding_does_not() -> None:
    """Logits that are sure of 3, 4 and the end: right in all three, whatever stands behind."""
    tokens, lengths = torch.tensor([[3, 4, 0]]), torch.tensor([2])
    logits = F.one_hot(torch.tensor([[3, 4, 0, 7]]), 10).float() * 50
    entropy, right = reconstruction(logits, tokens, lengths)
    assert float(entropy) == pytest.approx(0, abs=1e-6) and float(right) == 1
    wrong = F.one_hot(torch.tensor([[3, 5, 0, 7]]), 10).float() * 0
    entropy, right = reconstruction(wrong, tokens, lengths)
    assert float(entropy) == pytest.approx(torch.log(torch.tensor(10.0)).item())
    assert float(right) == pytest.approx(1 / 3), "the first of equal ones is 0, the end"


def test_it_learns_to_write_what_it_read(encoder: SentenceAutoencoder) -> None:
    optimiser = torch.optim.Adam(encoder.parameters(), 2e-2)
    for _ in range(120):
        optimiser.zero_grad()
        sentence = encoder.encode_text(TOKENS, LENGTHS)[1]
        logits = encoder.told(sentence, TOKENS, LENGTHS)
        reconstruction(logits, TOKENS, LENGTHS)[0].mean().backward()
        optimiser.step()
    sentence = encoder.eval().encode_text(TOKENS, LENGTHS)[1]
    torch.testing.assert_close(encoder.written(sentence, 5), F.pad(TOKENS, (0, 1)))


def test_scores_of_words_that_came_back() -> None:
    metric = ReturnedWords()
    wanted = torch.tensor([[3, 4, 0, 0], [3, 3, 3, 0]])
    written = torch.tensor([[3, 4, 0, 0], [3, 5, 0, 0]])
    metric.update(torch.tensor([1.0, 0.5]), written, wanted)
    found = metric.compute()
    assert found["token_accuracy/teacher_forced"] == 0.75
    assert found["token_accuracy/free_running"] == pytest.approx((3 / 3 + 2 / 4) / 2)
    assert found["token_accuracy/free_running/chance"] == pytest.approx(4 / 7), "four times 3"
    assert found["sentence_accuracy/free_running"] == 0.5


def test_frozen_or_read_alone(encoder: SentenceAutoencoder) -> None:
    """A GAN that trains its encoder trains what reads, and not the decoder."""
    encoder.let_read()
    trained = {name for name, p in encoder.named_parameters() if p.requires_grad}
    assert trained == {f"text.{name}" for name, _ in encoder.text.named_parameters()}
    encoder.freeze()
    assert not any(p.requires_grad for p in encoder.parameters())
    with pytest.raises(UserError, match="no image network"):
        encoder.encode_image(torch.zeros(1, 3, 8, 8))


def test_a_decoder_that_is_told_no_word_has_the_sentence_alone(
    encoder: SentenceAutoencoder,
) -> None:
    """What is hidden changes nothing, and what is not does."""
    sentence = encoder.encode_text(TOKENS, LENGTHS)[1]
    hidden = torch.ones_like(TOKENS, dtype=torch.bool)
    others = torch.where(TOKENS > 0, 9, 0)
    alone = encoder.told(sentence, TOKENS, LENGTHS, hidden)
    torch.testing.assert_close(encoder.told(sentence, others, LENGTHS, hidden), alone)
    hidden[:, 0] = False
    assert not torch.allclose(encoder.told(sentence, TOKENS, LENGTHS, hidden)[:, 1], alone[:, 1])
    told = encoder.told(sentence, TOKENS, LENGTHS)
    torch.testing.assert_close(told[:, 0], alone[:, 0])  # nothing stands before the first word
