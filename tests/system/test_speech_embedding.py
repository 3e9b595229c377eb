from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from experiments.data.store.dataset import Dataset
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.encoder.cnn import CNN
from experiments.encoder.joint_embedding import JointEmbedding
from experiments.encoder.word_lstm import WordLSTM
from experiments.loss.distinctive import DistinctiveLoss
from experiments.loss.matching import MatchingLoss
from experiments.optim.adam import Adam
from experiments.system.speech_embedding import SpeechEmbeddingTraining
from experiments.trainer.training import Training
from tests.system.heard import heard_batch, small_sed


def make(
    text: Any = None, distinctive: float = 1.0, classes: int | None = 3
) -> SpeechEmbeddingTraining:
    torch.manual_seed(0)
    trunk = CNN((4, 8), (2, 2), global_width=6)
    encoder = JointEmbedding(text or small_sed(), trunk, 8, normalise=True)
    losses = MatchingLoss(weight=3.0), DistinctiveLoss(distinctive)
    return SpeechEmbeddingTraining(encoder, *losses, 16, class_count=classes)


def test_one_phase_over_both_encoders_and_the_classes_which_nobody_else_gets() -> None:
    system = make()
    (phase,) = system.phases()
    assert phase.name == "embedding" and phase.modules == (system.encoder, system.classes)
    assert system.export_modules() == {"encoder": system.encoder}
    assert system.encoder.name == "speech_embedding"
    assert system.reads == "speech" and system.resolutions == [16]
    assert [view.name for view in system.views()] == ["speech", "picture"]


@pytest.mark.parametrize("without", [{"classes": 1}, {"classes": None}, {"distinctive": 0.0}])
def test_there_is_no_layer_of_classes_where_there_is_nothing_to_tell_apart(
    without: dict[str, Any],
) -> None:
    system = make(**without)
    assert system.classes is None and system.phases()[0].modules == (system.encoder,)
    batch, step = heard_batch(system.encoder.text)
    assert system.loss(batch, step, 0).keys() == {"image_to_speech", "speech_to_image"}


def test_where_all_is_of_one_class_every_other_pair_is_a_negative() -> None:
    """Else there was nothing to tell apart, and the loss zero."""
    system = make(classes=1).eval()
    one, step = heard_batch(system.encoder.text, (0, 0, 0, 0))
    many, _ = heard_batch(system.encoder.text, (0, 1, 2, 3))
    found, other = system.loss(one, step, 0), make(classes=None).eval().loss(many, step, 0)
    assert all(float(term.value.detach()) > 0.1 for term in found.values())
    for name, term in found.items():
        torch.testing.assert_close(term.value, other[name].value)


def test_the_loss_is_that_of_pairs_with_their_classes_and_of_both_sides_classes() -> None:
    system = make(distinctive=0.5).eval()
    batch, step = heard_batch(system.encoder.text)
    captions = batch.of(Captions)
    speech = system.encoder.encode_text(captions.tokens, captions.lengths)[1]
    vector = system.encoder.encode_image(batch.of(Pictures).images[0])[1]
    torch.testing.assert_close(speech.norm(dim=1), torch.ones(4))
    assert system.classes is not None
    expected = MatchingLoss()(speech, vector, batch.labels)
    logits = system.classes(speech), system.classes(vector)
    expected |= DistinctiveLoss()(*logits, batch.labels)
    losses = system.loss(system.prepare(batch, step), step, 0)
    assert {name: term.value for name, term in losses.items()} == expected
    assert [term.weight for term in losses.values()] == [3.0, 3.0, 0.5, 0.5]


def test_gradients_reach_the_first_layer_of_both_sides() -> None:
    system = make().train()
    batch, step = heard_batch(system.encoder.text)
    torch.stack([t.value for t in system.loss(batch, step, 0).values()]).sum().backward()
    first = (*system.encoder.text.stem[:1], *system.encoder.image.trunk[:1])
    assert all(module.weight.grad.abs().sum() > 0 for module in first)


def test_it_learns_to_match_a_batch_of_written_captions_as_well(
    birds: Dataset, make_training: Callable[..., Training]
) -> None:
    system = make(WordLSTM(len(birds.vocabulary or ()), 8, 6, 8), classes=8)
    training = make_training(system, {"embedding": Adam(2e-2)})
    batch, values = training.batches.at(0), []
    for _ in range(40):
        training.step(batch)
        training.advance()
        values.append(training.stats.read()["embedding/loss"])
    assert values[-1] < 0.6 * values[0]
    assert torch.isfinite(torch.tensor(values)).all()
