from __future__ import annotations

from collections.abc import Callable

import torch

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.encoder.damsm import DAMSM
from experiments.loss.damsm import DAMSMLoss
from experiments.optim.adam import Adam
from experiments.system.damsm import DAMSMTraining
from experiments.system.seeding import Step
from experiments.trainer.training import Training


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
