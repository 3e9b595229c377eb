"""Options that every adversarial system accepts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.discriminator.augment import CHANGES
from experiments.discriminator.projected import ProjectedDiscriminator
from experiments.loss.criterion import Criterion
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.optim.adam import Adam
from experiments.system.gan_cls import GANCLS
from experiments.system.seeding import Step
from experiments.system.text_to_image import TextToImage
from experiments.trainer.numerics import Numerics
from experiments.trainer.training import Training
from tests.discriminator.test_projected import Halved

FirstBatch = Callable[..., tuple[Batch, Step]]
KINDS = ["gan_cls", "stackgan", "stackgan_stage2", "stackgan_v2", "attngan"]


@pytest.fixture
def make(make_system: Callable[..., TextToImage], make_attngan: Callable[..., Any]) -> Any:
    """`make(kind, **options)`: any of the systems."""

    def of(kind: str, **options: Any) -> TextToImage:
        return make_attngan(**options) if kind == "attngan" else make_system(kind, **options)

    return of


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", ["real", "fake", "between"])
def test_a_penalty_is_a_phase_of_its_own(
    make: Any, make_training: Callable[..., Training], kind: str, at: Any
) -> None:
    system = make(kind, gradient_penalty=GradientPenalty(5.0, at=at, interval=2))
    training = make_training(system)
    assert [turn.phase.name for turn in training.turns] == ["discriminator", "penalty", "generator"]
    first, penalty, _ = training.turns
    assert penalty.optimiser is first.optimiser and penalty.phase.interval == 2
    assert set(training.state()["optimisers"]) == {"discriminator", "generator"}
    for _ in range(2):
        training.step(training.batches.at(training.images))
        training.advance()
    found = training.stats.read()
    sizes = system.discriminator.resolutions
    assert all(found[f"penalty/{size}px/gradient"] >= 0 for size in sizes)
    steps = next(iter(first.optimiser.state.values()))["step"]
    assert steps == 3  # two turns of the discriminator, and one of the penalty


def test_its_value_is_the_squared_slope_of_both_logits(make: Any, first_batch: FirstBatch) -> None:
    system = make("stackgan_v2", gradient_penalty=GradientPenalty(5.0, interval=4))
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    losses = system.penalty_loss(shared, step, 0)
    told = system.told(shared.text.sentence)
    for size, image, stage in zip(
        system.resolutions, batch.of(Pictures).images, system.discriminator.stages, strict=True
    ):
        slopes = []
        for row in range(len(image)):  # group norm: a picture at a time is the same
            x = image[row : row + 1].clone().requires_grad_()
            conditional, unconditional = stage(x, told[row : row + 1])
            (slope,) = torch.autograd.grad((conditional + unconditional).sum(), x)
            slopes.append(slope.square().sum())
        term = losses[f"{size}px/gradient"]
        torch.testing.assert_close(term.value, torch.stack(slopes).mean())
        assert term.weight == 20.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "penalty",
    [
        GradientPenalty(2.0, 6.0, text=True, joined=True),
        GradientPenalty(0.5, at="both", joined=True),
        GradientPenalty(0.5, at="fake", joined=True),
    ],
)
def test_a_joined_penalty_is_a_part_of_the_same_loss(
    make: Any, first_batch: FirstBatch, kind: str, penalty: GradientPenalty
) -> None:
    """With the same values as a phase has; group norm: no picture depends on another."""
    system = make(kind, gradient_penalty=penalty)
    assert [phase.name for phase in system.phases()] == ["discriminator", "generator"]
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    losses = system.discriminator_loss(shared, step, 0)
    apart = system.penalty_loss(shared, step, 0)
    assert apart and apart.keys() <= losses.keys()
    assert len(apart) == len(system.discriminator.resolutions) * (2 if penalty.at == "both" else 1)
    for name, term in apart.items():
        torch.testing.assert_close(losses[name].value, term.value)
        assert losses[name].weight == term.weight == penalty.weight
    system.gradient_penalty = None
    plain = system.discriminator_loss(shared, step, 0)
    assert losses.keys() - apart.keys() == plain.keys()
    for name, term in plain.items():
        torch.testing.assert_close(losses[name].value, term.value)


def test_one_step_of_the_optimiser_does_both(
    make: Any, make_training: Callable[..., Training]
) -> None:
    training = make_training(make("gan_cls", gradient_penalty=GradientPenalty(5.0, joined=True)))
    for _ in range(2):
        training.step(training.batches.at(training.images))
        training.advance()
    assert next(iter(training.turns[0].optimiser.state.values()))["step"] == 2
    found = training.stats.read()
    assert found["discriminator/16px/gradient"] > 0 and -1 <= found["discriminator/r_t"] <= 1


@pytest.mark.parametrize("kind", [*KINDS, "s2igan", "speech_to_image"])
def test_logits_that_are_compared(
    make: Any, make_training: Callable[..., Training], first_batch: FirstBatch, kind: str
) -> None:
    """In the generator's turn those of real pictures are constants."""
    system = make(kind)
    system.adversarial.criterion = Criterion("relativistic")
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    told = system.told(shared.text.sentence)
    real = system.compared(shared, told, step)
    images = batch.of(Pictures).images[-len(real) :]
    for (found, _), (expected, _) in zip(real, system.discriminator(images, told), strict=True):
        torch.testing.assert_close(found, expected)
        assert not found.requires_grad
    training = make_training(system)
    for _ in range(2):
        training.step(training.batches.at(training.images))
        training.advance()
    assert not Numerics(training).check()


def test_what_cannot_be_compared_is_refused(make_system: Callable[..., TextToImage]) -> None:
    system = make_system("gan_cls")
    parts = system.encoder, system.generator, system.discriminator
    loss = MatchingAwareLoss(form="relativistic")
    with pytest.raises(AssertionError, match="interpolation_weight"):
        GANCLS(*parts, loss, interpolation_weight=1.0)
    with pytest.raises(AssertionError, match="mismatch: form=relativistic"):
        GANCLS(*parts, loss, mismatch="roll_released", wrong="caption")


def test_without_weight_there_is_no_such_phase(make: Any) -> None:
    for penalty in (None, GradientPenalty(0.0)):
        phases = make("gan_cls", gradient_penalty=penalty).phases()
        assert [phase.name for phase in phases] == ["discriminator", "generator"]


def test_the_matching_aware_penalty_also_flattens_the_text(
    make: Any, first_batch: FirstBatch
) -> None:
    values = []
    for text in (False, True):
        torch.manual_seed(0)
        penalty = GradientPenalty(2.0, 6.0, text)
        system = make("attngan", gradient_penalty=penalty)
        batch, step = first_batch(system)
        losses = system.penalty_loss(system.prepare(batch, step), step, 0)
        values.append(losses["16px/gradient"].value)
    assert values[1] > values[0] > 0


@pytest.mark.parametrize("kind", KINDS)
def test_augmented_systems_train(
    make: Any, make_training: Callable[..., Training], kind: str
) -> None:
    system = make(kind, augment=[*CHANGES], augment_probability=0.9)
    training = make_training(system)
    for _ in range(2):
        training.step(training.batches.at(training.images))
        training.advance()
    assert not Numerics(training).check()


def test_the_judge_sees_changed_pictures_and_the_user_does_not(
    make: Any, first_batch: FirstBatch
) -> None:
    system = make("gan_cls", augment=["cutout"])
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    (seen,) = system.seen(shared.fakes, step)
    (again,) = system.seen(shared.fakes, step)
    assert not torch.equal(seen, shared.fakes[0]) and not torch.equal(seen, again)
    plain = make("gan_cls")
    (same,) = plain.seen(shared.fakes, step)
    assert same is shared.fakes[0]


def test_a_judge_of_several_places_is_compared_place_by_place(
    make: Any, first_batch: FirstBatch
) -> None:
    """Projected GAN's, whose logits are (B, N)."""
    system = make("gan_cls", augment=["cutout"])
    told = system.encoder.dim
    system.discriminator = ProjectedDiscriminator(system.resolutions, Halved(), told, 128)
    system.adversarial.criterion = Criterion("relativistic")
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    judged = system.judge(shared, step)
    ((real, _),) = judged.real
    assert real.shape == (len(batch.rows), 4)
    losses = system.discriminator_loss(shared, step, 0)
    assert set(losses) == {"fake", "wrong", "r_t"}
    system.generator_loss(shared, step, 0)["adversarial"].value.backward()
    assert all(p.grad is not None for p in system.generator.parameters())


def test_interpolated_pictures_are_changed_too(make: Any, first_batch: FirstBatch) -> None:
    system = make("gan_cls", augment=["translation"], interpolation_weight=1.0)
    batch, step = first_batch(system)
    losses = system.generator_loss(system.prepare(batch, step), step, 0)
    assert losses["interpolated"].value.isfinite()


def test_sentences_are_means_of_several_captions(
    make: Any, make_training: Callable[..., Training], birds: Any
) -> None:
    training = make_training(make("gan_cls", captions=3, wrong="caption"))
    batch, features = training.batches.at(0), training.batches.views[0].features
    text = batch.of(Captions)
    assert features is not None and text.sentence is not None
    for row, caption, mean in zip(batch.rows, text.rows, text.sentence, strict=True):
        start, end = birds.train.caption_start[row : row + 2]
        every = features.at(range(start, end))[1].float()
        own = every[int(caption) - start]
        # Three times the mean is the caption that was drawn and two others of the same picture.
        rest = 3 * mean.float() - own
        pairs = [
            (every[i] + every[j] - rest).abs().max()
            for i in range(len(every))
            for j in range(i)
            if int(caption) - start not in (i, j)
        ]
        assert min(pairs) < 5e-3
    again = training.batches.at(0).of(Captions)
    assert torch.equal(again.sentence, text.sentence)  # type: ignore[arg-type]
    assert text.wrong_sentence is not None and text.wrong_sentence.isfinite().all()


def test_more_captions_than_there_are_is_all_of_them(
    make: Any, make_training: Callable[..., Training], birds: Any
) -> None:
    batches = make_training(make("gan_cls", captions=99)).batches
    batch, features = batches.at(0), batches.views[0].features
    text = batch.of(Captions)
    assert features is not None and text.sentence is not None
    for row, mean in zip(batch.rows, text.sentence, strict=True):
        start, end = birds.train.caption_start[row : row + 2]
        every = features.at(range(start, end))[1].float()
        torch.testing.assert_close(mean.float(), every.mean(0), atol=2e-3, rtol=0)


def test_no_turns_are_too_few(make: Any) -> None:
    with pytest.raises(AssertionError, match="generator_steps"):
        make("gan_cls", generator_steps=0)


def test_attngan_reads_one_caption(make: Any) -> None:
    with pytest.raises(AssertionError, match="captions"):
        make("attngan", captions=4)


def test_schedules_and_joined_penalties_go_on_bit_for_bit(
    make: Any, make_training: Callable[..., Training]
) -> None:
    def made() -> Training:
        penalty = GradientPenalty(0.5, at="both", joined=True, weight_end=0.05, cosine_images=64)
        torch.manual_seed(0)
        led = {"augment_probability": "adaptive", "augment_target": -0.99, "augment_images": 64}
        changes = ["translation", "geometric"]
        system = make("attngan", gradient_penalty=penalty, augment=changes, **led)
        system.adversarial.criterion = Criterion("relativistic")
        moved = {"lr_end": 1e-4, "beta2_end": 0.99, "cosine_images": 64}
        adam = Adam(1e-3, (0.0, 0.9), **moved)
        return make_training(system, {"discriminator": adam, "generator": adam})

    def go_on(training: Training, steps: int) -> None:
        for _ in range(steps):
            training.step(training.batches.at(training.images))
            training.advance()

    whole, half, rest = made(), made(), made()
    go_on(whole, 5)
    go_on(half, 2)
    rest.load(copy.deepcopy(half.state()))
    go_on(rest, 3)
    assert half.system.pipe.probability == 0 and rest.system.pipe.probability == 0.5  # 4 x 8 / 64
    assert whole.stats.read()["discriminator/augment_probability"] == pytest.approx(0.2)
    ours, theirs = rest.system.state_dict(), whole.system.state_dict()
    assert all(torch.equal(ours[name], value) for name, value in theirs.items())
    assert not torch.equal(
        next(iter(half.system.generator.parameters())),
        next(iter(rest.system.generator.parameters())),
    )
