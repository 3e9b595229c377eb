from __future__ import annotations

from collections.abc import Callable

import torch

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.loss.damsm import DAMSMLoss
from experiments.optim.adam import Adam
from experiments.system.damsm import DAMSMTraining
from experiments.system.seeding import Step
from experiments.trainer.training import Training
from tests.system.heard import heard_batch, small_sed


def test_one_phase_whose_bound_holds_for_the_text_alone(make_encoder: Callable[..., DAMSM]) -> None:
    system = DAMSMTraining(make_encoder(), DAMSMLoss(), 16)
    (phase,) = system.phases()
    assert (phase.name, phase.modules) == ("embedding", (system.encoder,))
    assert phase.clip == (system.encoder.text,)
    assert system.resolutions == [16]
    assert system.export_modules() == {"encoder": system.encoder}


def test_the_loss_is_that_of_pairs_with_their_classes(
    make_encoder: Callable[..., DAMSM], first_batch: Callable[..., tuple[Batch, Step]]
) -> None:
    system = DAMSMTraining(make_encoder(), DAMSMLoss(weight=3.0), 16).eval()
    batch, step = first_batch(system)
    text = batch.of(Captions)
    losses = system.loss(system.prepare(batch, step), step, 0)
    words, sentence = system.encoder.encode_text(text.tokens, text.lengths)
    regions, vector = system.encoder.encode_image(batch.of(Pictures).images[0])
    assert len(batch.labels.unique()) < 8  # some pairs are of one class and no negatives
    expected = DAMSMLoss()(words, text.tokens != 0, sentence, regions, vector, batch.labels)
    assert {name: term.value for name, term in losses.items()} == expected
    assert {term.weight for term in losses.values()} == {3.0}


def test_it_learns_to_match_a_batch(
    make_encoder: Callable[..., DAMSM], make_training: Callable[..., Training]
) -> None:
    system = DAMSMTraining(make_encoder(), DAMSMLoss(), 16)
    training = make_training(system, {"embedding": Adam(1e-2, clip=0.25)})
    batch, values = training.batches.at(0), []
    for _ in range(25):
        training.step(batch)
        training.advance()
        values.append(training.stats.read()["embedding/loss"])
    assert values[-1] < 0.7 * values[0]
    assert torch.isfinite(torch.tensor(values)).all()


def test_of_sound_as_many_places_count_as_a_recording_has() -> None:
    torch.manual_seed(0)
    text = small_sed(places=14)
    encoder = DAMSM(text, CNN((4, 8), (2, 2), global_width=6), 8)
    system = DAMSMTraining(encoder, DAMSMLoss(), 16).eval()
    batch, step = heard_batch(text)
    captions = batch.of(Captions)
    assert captions.tokens.shape[1] == 73 and text.steps(captions.lengths).tolist() == [
        13,
        14,
        14,
        14,
    ]
    words, sentence = encoder.encode_text(captions.tokens, captions.lengths)
    regions, vector = encoder.encode_image(batch.of(Pictures).images[0])
    mask = torch.ones(4, 14, dtype=torch.bool)
    mask[0, 13] = False
    expected = DAMSMLoss()(words, mask, sentence, regions, vector, batch.labels)
    losses = system.loss(batch, step, 0)
    assert {name: term.value for name, term in losses.items()} == expected
    assert [view.name for view in system.views()] == ["speech", "picture"]
