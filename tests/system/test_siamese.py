"""Training of the siamese embedding: which frames belong to a caption, and which do not."""

from __future__ import annotations

from typing import Any

import torch

from experiments.clip.form import ClipForm
from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.clip import Clips
from experiments.encoder.cnn import CNN
from experiments.encoder.sentence_vae import SentenceVAE
from experiments.encoder.siamese import Siamese
from experiments.encoder.word_vectors import WordVectors
from experiments.loss.contrastive import ContrastiveLoss
from experiments.system.seeding import Step
from experiments.system.siamese import SiameseTraining

WORDS = ["<end>", "a", "bird", "flies", "left", "<unk>"]
ROWS, FRAMES, SIDE = 6, 12, 16


def system(frames: int = FRAMES, **options: Any) -> SiameseTraining:
    torch.manual_seed(0)
    text = SentenceVAE(WordVectors(6, WORDS, 8), length=4, hidden=16, dim=10)
    encoder = Siamese(text, CNN([4, 4], [2, 2], 1, 12), 7, 9, dropout=0.0)
    found = SiameseTraining(encoder, ContrastiveLoss(), SIDE, ClipForm(frames, SIDE), **options)
    found.initialise()
    return found


def batch(labels: list[int], frames: int = FRAMES) -> Batch:
    count = len(labels)
    tokens = torch.tensor([[1, 2, 3, 4]]).expand(count, -1)
    levels = torch.linspace(-1, 1, frames)[None, None, :, None, None]
    clips = Clips(levels.expand(count, 3, -1, SIDE, SIDE))
    views = {"caption": Captions(tokens, torch.full((count,), 4)), "clip": clips}
    return Batch(torch.arange(count), torch.tensor(labels), torch.zeros(count, 0), views)


def step(images: int = 0, rows: int = ROWS) -> Step:
    return Step(0, images, rows, slice(0, rows), torch.device("cpu"))


def test_the_first_the_last_and_the_tenth_last_frame() -> None:
    levels = [each[0, 0, 0, 0].item() for each in system().frames(batch([0] * ROWS))]
    expected = torch.linspace(-1, 1, FRAMES)[[0, 11, 2]].tolist()
    torch.testing.assert_close(levels, expected)
    assert len(system(8).frames(batch([0] * ROWS, 8))) == 2  # the tenth last is the first


def test_what_is_wrong_is_never_of_the_same_class() -> None:
    labels = torch.tensor([0, 0, 0, 1, 1, 2])
    for images in range(0, 60, 6):
        chosen, weights = system().strangers(batch(labels.tolist()), step(images))
        assert chosen.shape == (ROWS, 3) and weights.all()
        assert (labels[chosen] != labels[:, None]).all()


def test_what_is_not_there_counts_nothing_and_one_class_has_other_records() -> None:
    chosen, weights = system().strangers(batch([0, 0, 0, 0, 0, 1]), step())
    assert weights.sum(1).tolist() == [1, 1, 1, 1, 1, 3]
    chosen, weights = system().strangers(batch([4] * ROWS), step())
    assert weights.all() and (chosen != torch.arange(ROWS)[:, None]).all()


def test_the_source_took_a_pair_for_a_wrong_one() -> None:
    own = [
        (system(negatives="any").strangers(batch([0] * ROWS), step(n))[0].t() == torch.arange(6))
        for n in range(0, 60, 6)
    ]
    assert torch.stack(own).any()


def test_the_loss_is_that_of_pairs_and_others() -> None:
    training = system().eval()
    losses = training.loss(batch([0, 0, 0, 1, 1, 2]), step(), 0)
    weighed = sum(term.value * term.weight for term in losses.values())
    assert losses["right"].weight == losses["wrong"].weight == 0.5
    assert 0 <= losses["accuracy"].value <= 1
    weighed.backward()
    assert training.encoder.image_tower[0].weight.grad.abs().sum() > 0
