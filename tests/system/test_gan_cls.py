from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.loss.damsm import DAMSMLoss
from experiments.system.seeding import Step
from experiments.system.text_to_image import TextToImage, WrongPair
from tests.system.adding import bce, total

Make = Callable[..., TextToImage]
FirstBatch = Callable[..., tuple[Batch, Step]]


@pytest.mark.parametrize("wrong", ["image", "caption"])
def test_discriminator_loss(make_system: Make, first_batch: FirstBatch, wrong: WrongPair) -> None:
    system = make_system("gan_cls", wrong=wrong)
    batch, step = first_batch(system)
    pictures = batch.of(Pictures)
    read = batch.of(Captions)
    shared = system.prepare(batch, step)
    assert read.wrong_sentence is not None
    sentence, judge = shared.text.sentence, system.discriminator
    ((real, _),) = judge(pictures.images, sentence)
    ((fake, _),) = judge(shared.fakes, sentence)
    if wrong == "image":
        assert pictures.wrong_images is not None
        ((other, _),) = judge(pictures.wrong_images, sentence)
    else:
        assert pictures.wrong_images is None
        ((other, _),) = judge(pictures.images, read.wrong_sentence.float())
    expected = bce(real, 1) + 0.5 * bce(other, 0) + 0.5 * bce(fake, 0)
    torch.testing.assert_close(total(system.discriminator_loss(shared, step, 0)), expected)


def test_the_wrong_picture_is_of_another_class(make_system: Make, first_batch: FirstBatch) -> None:
    batch, _ = first_batch(make_system("gan_cls"))
    pictures = batch.of(Pictures)
    assert pictures.wrong_images is not None
    assert pictures.wrong_images[0].shape == pictures.images[0].shape
    same = [
        torch.equal(a, b) for a, b in zip(pictures.images[0], pictures.wrong_images[0], strict=True)
    ]
    assert not any(same)


def test_without_mismatch_there_are_no_wrong_pairs(
    make_system: Make, first_batch: FirstBatch
) -> None:
    system = make_system("gan_cls", mismatch="none")
    batch, step = first_batch(system)
    losses = system.discriminator_loss(system.prepare(batch, step), step, 0)
    assert set(losses) == {"real", "fake", "r_t"} and batch.of(Pictures).wrong_images is None


def test_interpolated_sentences_are_a_third_of_the_generator_s_loss(
    make_system: Make, first_batch: FirstBatch
) -> None:
    system = make_system("gan_cls", interpolation_weight=1.0, beta=0.25)
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    step.begin("generator", 0)
    losses = system.generator_loss(shared, step, 0)
    step.begin("generator", 0)
    noise = torch.cat((step.normal(5), step.normal(5)[::2]))
    sentence = shared.text.sentence
    between = torch.cat((sentence, 0.25 * sentence[:4] + 0.75 * sentence[4:]))
    images = system.generator(noise, torch.zeros(12, 0), between).images
    ((logits, _),) = system.discriminator(images, between)
    torch.testing.assert_close(total(losses), bce(logits, 1))
    torch.testing.assert_close(losses["interpolated"].value, bce(logits[8:], 1) / 3)


def test_weight_zero_is_the_plain_generator_loss(
    make_system: Make, first_batch: FirstBatch
) -> None:
    system = make_system("gan_cls")
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    ((fake, _),) = system.discriminator(shared.fakes, shared.text.sentence)
    losses = system.generator_loss(shared, step, 0)
    assert set(losses) == {"adversarial"}
    torch.testing.assert_close(total(losses), bce(fake, 1))


def test_a_fixed_damsm_may_judge_as_well(make_system: Make, first_batch: FirstBatch) -> None:
    system = make_system("gan_cls", damsm=DAMSMLoss(weight=3.0))
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    losses = system.generator_loss(shared, step, 0)
    text, (pictures,) = shared.text, shared.fakes
    seen = system.encoder.encode_image(pictures)
    own = DAMSMLoss()(text.words, text.mask, text.sentence, *seen, batch.labels)
    ((logits, _),) = system.discriminator(shared.fakes, text.sentence)
    torch.testing.assert_close(total(losses), bce(logits, 1) + 3.0 * sum(own.values()))
    with pytest.raises(AssertionError, match="interpolation_weight"):
        make_system("gan_cls", damsm=DAMSMLoss(), interpolation_weight=1.0)


def test_later_turns_of_the_generator_draw_new_noise(
    make_system: Make, first_batch: FirstBatch
) -> None:
    system = make_system("gan_cls", generator_steps=2)
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    first, second = (total(system.generator_loss(shared, step, repeat)) for repeat in (0, 1))
    assert not torch.equal(first, second)
    assert system.phases()[1].repeats == 2


def test_samples_depend_on_their_own_seed_alone(make_system: Make, first_batch: FirstBatch) -> None:
    system = make_system("gan_cls").eval()
    batch, _ = first_batch(system)
    made = system.sample(batch.views, list(range(8)))
    some = system.sample(batch.cut(2, 4).views, [2, 3])
    torch.testing.assert_close(made.images[0][2:4], some.images[0])
    assert made.attention == []
