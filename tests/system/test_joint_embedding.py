from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from experiments.data.batches import Batch
from experiments.data.store.dataset import Dataset
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.encoder.char_cnn_rnn import CharCNNRNN
from experiments.encoder.cnn import CNN
from experiments.encoder.joint_embedding import JointEmbedding
from experiments.encoder.word_lstm import WordLSTM
from experiments.loss.joint_embedding import JointEmbeddingLoss
from experiments.optim.adam import Adam
from experiments.sample.model import Model
from experiments.system.joint_embedding import JointEmbeddingTraining
from experiments.system.seeding import Step
from experiments.terminal.error import UserError
from experiments.trainer.training import Training


def make(birds: Dataset, letters: bool = True, weight: float = 1.0) -> JointEmbeddingTraining:
    torch.manual_seed(0)
    text = CharCNNRNN(8, width=8) if letters else WordLSTM(len(birds.vocabulary), 8, 6, 8)
    encoder = JointEmbedding(text, CNN((4, 8), (2, 2), global_width=6), 8)
    return JointEmbeddingTraining(encoder, JointEmbeddingLoss(weight=weight), 16).train()


@pytest.fixture
def batch_of(
    make_training: Callable[..., Training],
) -> Callable[[JointEmbeddingTraining], tuple[Batch, Step]]:
    """What a system is given at its first step: five classes are all there are."""

    def first(system: JointEmbeddingTraining) -> tuple[Batch, Step]:
        training = make_training(system, batch=5)
        return training.split(training.to_device(training.batches.at(0)))[0]

    return first


def test_one_phase_over_both_encoders(birds: Dataset) -> None:
    system = make(birds)
    (phase,) = system.phases()
    assert (phase.name, phase.modules) == ("embedding", (system.encoder,))
    assert system.resolutions == [16]
    assert system.export_modules() == {"encoder": system.encoder}
    assert system.sampling == "classes"
    assert system.reads == "characters" and make(birds, letters=False).reads == "words"


def test_the_loss_is_that_of_pairs_of_different_classes(
    birds: Dataset, batch_of: Callable[..., tuple[Batch, Step]]
) -> None:
    system = make(birds, weight=3.0).eval()
    batch, step = batch_of(system)
    text = batch.of(Captions)
    assert sorted(batch.labels.tolist()) == sorted(set(birds.train.labels.tolist()))
    captions = [c for of_image in birds.train.captions for c in of_image]
    assert text.lengths.tolist() == [len(captions[row]) for row in text.rows]
    losses = system.loss(system.prepare(batch, step), step, 0)
    _, sentence = system.encoder.encode_text(text.tokens, text.lengths)
    _, vector = system.encoder.encode_image(batch.of(Pictures).images[0])
    expected = JointEmbeddingLoss()(sentence, vector)
    assert {name: term.value for name, term in losses.items()} == expected
    assert {term.weight for term in losses.values()} == {3.0}


@pytest.mark.parametrize("letters", [True, False])
def test_it_learns_to_match_a_batch(
    letters: bool, birds: Dataset, make_training: Callable[..., Training]
) -> None:
    training = make_training(make(birds, letters), {"embedding": Adam(2e-2)}, batch=5)
    batch, values = training.batches.at(0), []
    for _ in range(60):
        training.step(batch)
        training.advance()
        values.append(training.stats.read()["embedding/loss"])
    assert values[0] == pytest.approx(8 / 5, rel=0.05)  # nearly all scores are 0: 2 (B^2 - B) / B^2
    assert values[-1] < 0.5 * values[0]
    assert torch.isfinite(torch.tensor(values)).all()


def test_a_batch_needs_as_many_classes(
    birds: Dataset, make_training: Callable[..., Training]
) -> None:
    with pytest.raises(UserError, match=r"trainer.batch=8: .* at most 5"):
        make_training(make(birds))


def test_a_model_reads_captions_as_its_encoder_does(birds: Dataset) -> None:
    config, words = {"data": {"max_words": 12}}, list(birds.vocabulary.words)
    by_letters = Model(make(birds), {"words": words}, config, 0)
    tokens, lengths = by_letters.encode(["Ab", "a" * 300])
    assert tokens.shape == (2, 201) and tokens.dtype == torch.int64
    assert tokens[0, :3].tolist() == [1, 2, 0] and lengths.tolist() == [2, 201]
    with pytest.raises(UserError, match="no letter"):
        by_letters.encode(["a bird", "..."])
    by_words = Model(make(birds, letters=False), {"words": words}, config, 0)
    caption = birds.train.captions[0][0]
    tokens, lengths = by_words.encode([caption])
    assert tokens.shape == (1, 12)
    assert tokens[0, : lengths[0]].tolist() == birds.vocabulary.encode(caption)[:12]
    with pytest.raises(UserError, match="no word is known"):
        by_words.encode(["xyzzy"])
