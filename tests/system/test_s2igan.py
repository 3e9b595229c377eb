"""S2IGAN's relation supervisor and an encoder that trains, and Li's class-aware term."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.discriminator.attngan import AttnGANDiscriminator
from experiments.discriminator.relation import RelationClassifier
from experiments.encoder.bilstm import BiLSTM
from experiments.encoder.damsm_text import DAMSMText
from experiments.loss.class_aware import ClassAwareLoss
from experiments.loss.relation import RelationLoss
from experiments.system.s2igan import Related
from experiments.system.seeding import Step
from experiments.trainer.training import Training
from tests.system.adding import total

Make = Callable[..., Any]
FirstBatch = Callable[..., tuple[Batch, Step]]


def names(system: Any) -> list[str]:
    return [phase.name for phase in system.phases()]


def test_the_classifier_has_its_turn_between_the_others(make_system: Make) -> None:
    assert names(make_system("s2igan")) == ["discriminator", "relation", "generator"]
    without = make_system("s2igan", supervision=RelationLoss(0.0))
    assert names(without) == ["discriminator", "generator"]
    assert not without.views()[1].other


def test_the_classifier_s_loss(make_system: Make, first_batch: FirstBatch) -> None:
    """Cross-entropies of four kinds of pairs, each with its own batch statistics, of unit features
    of the largest pictures."""
    system = make_system("s2igan")
    batch, step = first_batch(system)
    shared, pictures = system.prepare(batch, step), batch.of(Pictures)

    def features(images: torch.Tensor) -> torch.Tensor:
        return F.normalize(system.encoder.encode_image(images)[1], dim=1)

    real, fake = features(pictures.images[-1]), features(shared.fakes[-1].detach())
    other, wrong = features(pictures.other), features(pictures.wrong_images[-1])  # type: ignore
    pairs = ((real, 0), (other, 1), (wrong, 2), (fake, 1))
    expected = sum(
        F.cross_entropy(system.relation(real, right), torch.full((8,), label))
        for right, label in pairs
    )
    torch.testing.assert_close(total(system.relation_loss(shared, step, 0)), expected)
    twice = make_system("s2igan", supervision=RelationLoss(2.0, train_on_fake=False))
    twice.load_state_dict(system.state_dict())
    pairs = pairs[:3]
    expected = 2 * sum(
        F.cross_entropy(twice.relation(real, right), torch.full((8,), label))
        for right, label in pairs
    )
    torch.testing.assert_close(total(twice.relation_loss(shared, step, 0)), expected)


def test_pairs_are_of_the_classes_that_they_should_be_of(
    make_system: Make, make_training: Callable[..., Training]
) -> None:
    training = make_training(make_system("s2igan"))
    labels, view = training.batches.split.labels, training.batches.views[1]
    for images in range(0, 400, 8):
        drawn = training.batches._drawn(training.batches._order.rows(images), images)
        rows, wrong, other = (drawn[view.name][key] for key in ("rows", "wrong", "other"))
        assert (labels[wrong] != labels[rows]).all()
        assert (labels[other] == labels[rows]).all() and (other != rows).all()


def test_wrong_pairs_as_released_may_be_of_the_same_class(
    make_system: Make, make_training: Callable[..., Training]
) -> None:
    """Of five classes alike one draw in 25 is, instead of none."""
    training = make_training(make_system("s2igan", mismatch="redrawn_once"))
    labels, same = training.batches.split.labels, []
    for images in range(0, 8000, 8):
        rows = training.batches._order.rows(images)
        wrong = training.batches._drawn(rows, images)["picture"]["wrong"]
        same += list(labels[wrong] == labels[rows])
    assert len(same) == 8000 and abs(sum(same) / 8000 - 1 / 25) < 0.01


def test_a_head_that_nothing_trained_is_used_instead_as_released(
    make_system: Make, first_batch: FirstBatch
) -> None:
    system = make_system("s2igan", random_head=True)
    trained, head = system.encoder.vector_head, system.head
    assert not torch.equal(head.weight, trained.weight) and not head.weight.requires_grad
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    pooled = system.encoder.image(batch.of(Pictures).images[-1])[1]
    torch.testing.assert_close(shared.real, F.normalize(head(pooled), dim=1))
    assert "head.weight" in system.state_dict(), "a resumed run goes on with the same"


def test_the_generator_learns_through_the_encoder_which_stays(
    make_system: Make, make_training: Callable[..., Training], first_batch: FirstBatch
) -> None:
    system = make_system("s2igan")
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    assert isinstance(shared, Related) and not shared.real.requires_grad
    plain = make_system("stackgan_v2", colour=system.colour)
    losses = system.generator_loss(shared, step, 0)
    assert set(losses) - {"relation"} == set(
        plain.generator_loss(plain.prepare(batch, step), step, 0)
    )
    weights = list(system.generator.heads[-1].parameters())
    found = torch.autograd.grad(losses["relation"].value, weights)
    assert all(gradient.abs().sum() > 0 for gradient in found)
    before = {k: v.clone() for k, v in system.encoder.state_dict().items()}
    training = make_training(system)
    for _ in range(2):
        training.step(training.batches.at(training.images))
        training.advance()
    assert all(torch.equal(before[k], v) for k, v in system.encoder.state_dict().items())
    assert all(p.grad is None for p in system.encoder.parameters())


def test_each_turn_trains_its_own_network(
    make_system: Make, make_training: Callable[..., Training]
) -> None:
    for number, expected in enumerate(("discriminator", "relation", "generator")):
        training = make_training(make_system("s2igan"))
        for place, turn in enumerate(training.turns):
            turn.settings.lr = 1e-2 if place == number else 0.0
        before = {k: v.clone() for k, v in training.system.named_parameters()}
        training.step(training.batches.at(0))
        after = dict(training.system.named_parameters())
        changed = {k.split(".")[0] for k in before if not torch.equal(before[k], after[k])}
        assert changed == {expected}


def test_the_generator_s_second_step_has_relations_of_its_own(
    make_system: Make, first_batch: FirstBatch
) -> None:
    system = make_system("s2igan", generator_steps=2)
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    first = system.generator_loss(shared, step, 0)["relation"].value
    second = system.generator_loss(shared, step, 1)["relation"].value
    assert first.isfinite() and second.isfinite() and first != second


def test_what_cannot_be_supervised_is_refused(make_system: Make, birds: Any) -> None:
    with pytest.raises(AssertionError, match="wrong: must be image"):
        make_system("s2igan", wrong="caption")
    with pytest.raises(AssertionError, match=r"relation\.dim=9: the encoder gives 8"):
        make_system("s2igan", relation=RelationClassifier(9, 4))
    text = DAMSMText(BiLSTM(len(birds.vocabulary), dim=8, embedding_dim=6), dim=8)
    with pytest.raises(AssertionError, match=r"loss\.relation\.weight: must be 0"):
        make_system("s2igan", encoder=text)
    make_system("s2igan", encoder=text, supervision=RelationLoss(0.0))


@pytest.mark.parametrize("kind", ["s2igan", "stackgan_v2"])
def test_an_encoder_trains_with_the_generator_its_picture_side_does_not(
    make_system: Make, make_training: Callable[..., Training], kind: str
) -> None:
    system = make_system(kind, train_encoder=True)
    training = make_training(system)
    captions = training.batches.at(0).of(Captions)
    assert captions.sentence is None
    before = {k: v.clone() for k, v in system.encoder.state_dict().items()}
    training.step(training.batches.at(0))
    training.advance()
    after = system.encoder.state_dict()
    changed = {k.split(".")[0] for k in before if not torch.equal(before[k], after[k])}
    assert changed == {"text"}
    assert system.encoder.text.training and not system.encoder.image.training
    # The average follows, and draws.
    assert "encoder" in training.ema.averaged
    averaged = training.ema.averaged["encoder"].state_dict()
    assert any(not torch.equal(averaged[k], before[k]) for k in before)
    system.eval()
    assert not system.encoder.text.training


@pytest.mark.parametrize(("condition", "dim"), [("mu", 6), ("sentence", 8)])
def test_an_encoder_that_trains_is_no_business_of_the_discriminator(
    make_system: Make, first_batch: FirstBatch, condition: str, dim: int
) -> None:
    judge = AttnGANDiscriminator([8, 16], 2, dim, norm="group")
    system = make_system(
        "stackgan_v2", train_encoder=True, condition=condition, discriminator=judge
    )
    batch, step = first_batch(system)
    loss = total(system.discriminator_loss(system.prepare(batch, step), step, 0))
    text = [p for p in system.encoder.text.parameters() if p.requires_grad]
    found = torch.autograd.grad(loss, text, allow_unused=True)
    assert text and all(gradient is None for gradient in found)


def test_what_an_encoder_that_trains_cannot_do_is_refused(make_system: Make) -> None:
    for options, match in (
        ({"captions": 4}, "captions: "),
        ({"generator_steps": 2}, "generator_steps: "),
        ({"wrong": "caption"}, "wrong: "),
    ):
        with pytest.raises(AssertionError, match=match):
            make_system("stackgan_v2", train_encoder=True, **options)


def test_the_class_aware_term_is_of_the_features_of_every_judge(
    make_system: Make, first_batch: FirstBatch
) -> None:
    system = make_system("speech_to_image", class_aware=ClassAwareLoss(3.0))
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    losses = system.generator_loss(shared, step, 0)
    for size, stage, image in zip((8, 16), system.discriminator.stages, shared.fakes, strict=True):
        rows = stage.trunk(image).flatten(1)
        term = losses[f"{size}px/class_aware"]
        torch.testing.assert_close(term.value, system.class_aware(rows, batch.labels))
        assert term.weight == 3.0
    plain = make_system("stackgan_v2")
    plain.load_state_dict(system.state_dict())
    rest = plain.generator_loss(shared, step, 0)
    assert set(losses) - set(rest) == {"8px/class_aware", "16px/class_aware"}
    for name, term in rest.items():
        torch.testing.assert_close(term.value, losses[name].value)
