"""What the sentence autoencoder learns from: words, some of them hidden from its decoder, and what
captions state."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.data.batches import Batch
from experiments.data.view.caption import CAPTION, Captions
from experiments.encoder.sentence_autoencoder import SentenceAutoencoder
from experiments.system.seeding import Step
from experiments.system.sentence_autoencoder import SentenceAutoencoderTraining

ROWS = 4
MENTIONS = torch.tensor([[True, False], [True, True], [False, False], [True, False]])


def made(**options: Any) -> SentenceAutoencoderTraining:
    torch.manual_seed(0)
    encoder = SentenceAutoencoder(9, dim=6, embedding_dim=5, width=4)
    return SentenceAutoencoderTraining(encoder, attribute_values={"wing": 3, "tail": 2}, **options)


def losses(system: SentenceAutoencoderTraining, rows: slice = slice(0, ROWS)) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(1, 9, (ROWS, 5), generator=generator)[rows]
    count = len(tokens)
    places = torch.arange(count)
    captions = Captions(tokens, torch.full((count,), 5), places, mentions=MENTIONS[rows])
    stated = torch.tensor([[0, 1], [2, 0], [1, 1], [1, 0]])[rows]
    batch = Batch(places, torch.zeros_like(places), stated, {CAPTION: captions})
    step = Step(3, 0, ROWS, rows, torch.device("cpu"), processes=ROWS // count)
    return dict(system.loss(batch, step, 0))


def test_by_itself_it_is_told_all_words_and_reads_out_nothing() -> None:
    system = made()
    assert set(losses(system)) == {"cross_entropy", "token_accuracy"}
    assert system.phases()[0].modules == (system.encoder,)


def test_hidden_words_are_harder_and_the_same_for_any_number_of_processes() -> None:
    plain, hidden = losses(made())["cross_entropy"], losses(made(hidden_share=0.5))["cross_entropy"]
    assert plain.value != hidden.value
    halves = [losses(made(hidden_share=0.5), rows) for rows in (slice(0, 2), slice(2, 4))]
    mean = sum(half["cross_entropy"].value for half in halves) / 2
    torch.testing.assert_close(mean, hidden.value)


def test_what_is_stated_is_read_out_of_the_sentence() -> None:
    """The cross-entropy of the captions that state it, by hand; those that do not count nothing."""
    system = made(stated=0.5)
    found = losses(system)
    assert {"stated/wing", "stated/tail"} < set(found) and found["stated/wing"].weight == 0.5
    assert len(system.phases()[0].modules) == 2, "what reads it out is trained, too"
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(1, 9, (ROWS, 5), generator=generator)
    sentence = system.encoder.encode_text(tokens, torch.full((ROWS,), 5))[1]
    assert system.readout is not None
    tail = system.readout.of_sentence[1](sentence)[1].log_softmax(0)
    torch.testing.assert_close(found["stated/tail"].value, -tail[0])
    found["stated/wing"].value.backward()
    assert system.encoder.text.embedding.weight.grad is not None


@pytest.mark.parametrize("stated", [0.0, 0.5])
def test_other_runs_load_the_encoder_alone(stated: float) -> None:
    assert set(made(stated=stated).export_modules()) == {"encoder"}
