from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from experiments.data.batches import Batch
from experiments.loss.damsm import DAMSMLoss
from experiments.system.attngan import AttnGAN
from experiments.system.negative import Negatives
from experiments.system.seeding import Step

Make = Callable[..., AttnGAN]


def test_the_last_ones_are_kept() -> None:
    negatives = Negatives(3, 2)
    assert negatives.kept()[1].tolist() == [-1, -1, -1]
    negatives.keep(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([5, 6]))
    negatives.keep(torch.tensor([[7.0, 8.0], [9.0, 1.0]]), torch.tensor([7, 8]))
    sentences, labels = negatives.kept()
    assert labels.tolist() == [7, 8, 5]
    assert sentences.tolist() == [[7, 8], [9, 1], [1, 2]]
    again = Negatives(3, 2)
    again.load_state_dict(negatives.state_dict())
    torch.testing.assert_close(again.kept(), negatives.kept())


def test_a_batch_sees_the_sentences_of_batches_before_it_and_not_its_own(
    make_attngan: Make, first_batch: Callable[..., tuple[Batch, Step]]
) -> None:
    system = make_attngan()
    system.damsm = DAMSMLoss(negatives=12)
    system.remember(system.damsm)
    assert "negatives.sentences" in system.state_dict()
    batch, step = first_batch(system)
    first = system.prepare(batch, step)
    assert first.others is not None and (first.others[1] == -1).all()
    losses = system.generator_loss(first, step, 0)
    second = system.prepare(batch, step)
    assert second.others is not None
    torch.testing.assert_close(second.others[0][:8], first.text.sentence)
    assert second.others[1].tolist() == [*batch.labels.tolist(), *[-1] * 4]
    again = system.generator_loss(second, step, 1)  # a further turn, which draws new noise
    name = "16px/damsm/image_to_sentence"
    assert losses[name].value.isfinite() and again[name].value.isfinite()


def test_none_are_kept_of_an_encoder_that_trains(make_attngan: Make) -> None:
    system = make_attngan()
    system.train_encoder = True
    with pytest.raises(AssertionError, match="stale"):
        system.remember(DAMSMLoss(negatives=4))
    system.remember(DAMSMLoss())
    assert system.negatives is None
