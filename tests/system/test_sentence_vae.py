"""Training of the autoencoder of sentences on a few of them."""

from __future__ import annotations

from typing import Any

import torch

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.encoder.sentence_vae import SentenceVAE, between
from experiments.encoder.word_vectors import WordVectors
from experiments.loss.sentence_vae import SentenceVAELoss
from experiments.system.seeding import Step
from experiments.system.sentence_vae import SentenceVAETraining

WORDS = ["<end>", "a", "bird", "black", "flies", "left", "red", "right", "<unk>"]
TOKENS = torch.tensor([[1, 6, 2, 4, 5], [1, 3, 2, 4, 7], [6, 2, 5, 0, 0], [1, 3, 2, 0, 0]])
LENGTHS = torch.tensor([5, 5, 3, 3])


def step(images: int) -> Step:
    return Step(0, images, 4, slice(0, 4), torch.device("cpu"))


def system(exact: bool = False, anneal: int = 0, **options: Any) -> SentenceVAETraining:
    torch.manual_seed(0)
    settings: dict[str, Any] = {"length": 5, "hidden": 64, "dim": 16} | options
    encoder = SentenceVAE(WordVectors(9, WORDS, 24), **settings)
    found = SentenceVAETraining(encoder, SentenceVAELoss(anneal_images=anneal), exact)
    found.initialise()
    return found


def batch(rows: slice = slice(0, 4)) -> Batch:
    captions = Captions(TOKENS[rows], LENGTHS[rows])
    numbers = torch.arange(len(captions.tokens))
    return Batch(numbers, numbers, numbers[:, None], {"caption": captions})


def test_it_learns_sentences_and_the_ends_of_a_line_are_what_was_given() -> None:
    training = system()
    optimiser = torch.optim.Adam(training.encoder.parameters(), 5e-3)
    for images in range(0, 480, 4):
        losses = training.loss(batch(), step(images), 0)
        optimiser.zero_grad()
        torch.stack([term.value * term.weight for term in losses.values()]).sum().backward()
        optimiser.step()
    assert losses["words"].value.item() == 1
    _, codes = training.encoder.encode_text(TOKENS, LENGTHS)
    line = training.encoder.words_of(between(codes[0], codes[1], 5))
    assert torch.equal(line[0], TOKENS[0]) and torch.equal(line[-1], TOKENS[1])


def test_every_likelihood_has_a_gradient_that_is_finite() -> None:
    for likelihood in ("gaussian", "bce_minmax", "bce"):
        training = system(likelihood=likelihood)
        losses = training.loss(batch(), step(0), 0)
        losses["likelihood"].value.backward()
        grad = training.encoder.decoder[0].weight.grad
        assert torch.isfinite(grad).all() and grad.any()


def test_the_padding_counts_in_the_source_s_form_alone() -> None:
    """Of two sentences of three words, in what is made of the two places behind them."""
    for likelihood, counts in (("gaussian", False), ("bce_minmax", False), ("bce", True)):
        training = system(likelihood=likelihood)
        two = Step(0, 0, 2, slice(0, 2), torch.device("cpu"))
        training.loss(batch(slice(2, 4)), two, 0)["likelihood"].value.backward()
        places = training.encoder.decoder[2].bias.grad.view(5, 24)
        assert places[:3].any() and bool(places[3:].any()) is counts, likelihood


def test_sentences_of_the_exact_length_alone() -> None:
    training = system(exact=True)
    weights = training.encoder.placed(TOKENS, LENGTHS).weights
    assert training.counted(weights).any(1).tolist() == [True, True, False, False]


def test_the_weight_of_the_divergence_rises() -> None:
    training = system(anneal=100)
    weights = [training.loss(batch(), step(n), 0)["kl"].weight for n in (0, 50, 400)]
    assert weights == [0, 0.5, 1]
