from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from experiments.data.batches import Batch
from experiments.data.store.dataset import Dataset
from experiments.data.view.picture import Pictures
from experiments.encoder.classifier import Classifier
from experiments.encoder.cnn import CNN
from experiments.system.classifier import ClassifierTraining, known_cross_entropy
from experiments.system.seeding import Step
from experiments.trainer.training import Training

FirstBatch = Callable[..., tuple[Batch, Step]]


def make(birds: Dataset, classes: bool = False) -> ClassifierTraining:
    torch.manual_seed(0)
    trunk = CNN((4, 8), (2, 2), global_width=6, norm="group")
    sizes = {name: len(values) for name, values in birds.attribute_values.items()}
    network = Classifier(trunk, None if classes else sizes, 8 if classes else None)
    return ClassifierTraining(network, 2.0, 16)


def test_every_attribute_has_its_own_term(birds: Dataset, first_batch: FirstBatch) -> None:
    system = make(birds)
    batch, step = first_batch(system)
    losses = system.loss(system.prepare(batch, step), step, 0)
    assert list(losses) == list(birds.attribute_values)
    logits = system.encoder(batch.of(Pictures).images[0])
    for column, (name, term) in enumerate(losses.items()):
        assert term.weight == 2.0
        expected = F.cross_entropy(logits[name], batch.attributes[:, column])
        torch.testing.assert_close(term.value, expected)


def test_classes_where_there_are_no_attributes(birds: Dataset, first_batch: FirstBatch) -> None:
    system = make(birds, classes=True)
    batch, step = first_batch(system)
    (term,) = system.loss(batch, step, 0).values()
    logits = system.encoder(batch.of(Pictures).images[0])["class"]
    torch.testing.assert_close(term.value, F.cross_entropy(logits, batch.labels))


def test_unknown_attributes_do_not_count(birds: Dataset, first_batch: FirstBatch) -> None:
    system = make(birds)
    batch, step = first_batch(system)
    attributes = batch.attributes.clone()
    attributes[2:, 0] = -1
    attributes[:, 1] = -1
    hidden = dataclasses.replace(batch, attributes=attributes)
    losses = list(system.loss(hidden, step, 0).values())
    first = list(system.loss(batch.cut(0, 2), step, 0).values())
    torch.testing.assert_close(losses[0].value, first[0].value)
    assert losses[1].value == 0  # and not NaN, which would end the run


def test_known_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0], [3.0, 1.0], [0.0, 5.0]], requires_grad=True)
    value = known_cross_entropy(logits, torch.tensor([0, -1, 1]))
    assert value.item() == pytest.approx((0.693147 + 0.006715) / 2, abs=1e-5)
    value.backward()
    assert logits.grad is not None and logits.grad[1].eq(0).all() and logits.grad[0].ne(0).all()


def test_trained_on_the_test_split_it_is_given_test_pictures(
    birds: Dataset, make_training: Callable[..., Training]
) -> None:
    network = make(birds, classes=True).encoder
    training = make_training(ClassifierTraining(network, 1.0, 16, split="test"))
    labels = set(training.batches.at(0).labels.tolist())
    assert training.batches.split.name == "test" and labels <= set(birds.test.labels.tolist())
    assert not labels & set(birds.train.labels.tolist())
