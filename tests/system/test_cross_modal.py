"""Chen 2017, section 3.2: which pairs are judged, and what each counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.picture import Pictures, PictureView
from experiments.data.view.sound import Sounds, SoundView
from experiments.discriminator.reed import ReedDiscriminator
from experiments.encoder.autoencoder import Autoencoder
from experiments.encoder.chen import ChenCNN
from experiments.encoder.classifier import Classifier
from experiments.encoder.sound_classifier import SoundClassifier
from experiments.frontend.decibel import LMS
from experiments.frontend.excerpt import Excerpt
from experiments.generator.reed import ReedGenerator
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.system.autoencoder import AutoencoderTraining
from experiments.system.cross_modal import CrossModal, PictureToSound, Shared, SoundToPicture
from experiments.system.seeding import Step
from experiments.terminal.error import UserError
from tests.system.adding import bce, total

ROWS = 6
SIDE = 16


def excerpt() -> Excerpt:
    """16 bins and 16 frames of a second."""
    return Excerpt(LMS(8000, 512, 256, 16), 1.0, (SIDE, SIDE))


def batch_of(wrong: bool = True) -> Batch:
    torch.manual_seed(1)
    sounds = [torch.rand(ROWS, 1, SIDE, SIDE) * 2 - 1 for _ in range(2)]
    pictures = [torch.rand(ROWS, 3, SIDE, SIDE) * 2 - 1 for _ in range(2)]
    views = {
        "sound": Sounds(sounds[0], sounds[1] if wrong else None),
        "picture": Pictures([pictures[0]], [pictures[1]] if wrong else None),
    }
    rows = torch.arange(ROWS)
    return Batch(rows, rows % 3, rows[:, None] % 2, views)


def step() -> Step:
    return Step(0, 0, ROWS, slice(0, ROWS), torch.device("cpu"))


def made(kind: type[CrossModal], autoencoder: bool = False, **options: Any) -> CrossModal:
    torch.manual_seed(0)
    heard = kind is SoundToPicture
    shape = (1 if heard else 3, SIDE, SIDE)
    if autoencoder:
        encoder: nn.Module = Autoencoder(shape, 12, 4, excerpt=excerpt() if heard else None)
    else:
        trunk = ChenCNN(shape, (4,), (2,), (1,), (16, 12), (0.7, 0.8))
        encoder = (
            SoundClassifier(excerpt(), trunk, num_classes=3)
            if heard
            else Classifier(trunk, num_classes=3)
        )
    channels = 3 if heard else 1
    system = kind(
        encoder,
        ReedGenerator([SIDE], 4, 5, 12, 6, residual=False, channels=channels),
        ReedDiscriminator([SIDE], 4, 12, 6, False, False, channels=channels),
        MatchingAwareLoss(),
        excerpt(),
        SIDE,
        **options,
    )
    system.initialise()
    return system.train()


def sides(kind: type[CrossModal], batch: Batch) -> tuple[Tensor, Tensor, Tensor | None]:
    """What is told, what should be made of it, and what should not."""
    sounds, pictures = batch.of(Sounds), batch.of(Pictures)
    wrong = pictures.wrong_images
    seen = pictures.images[0], None if wrong is None else wrong[0]
    heard = sounds.values, sounds.wrong_values
    return (heard[0], *seen) if kind is SoundToPicture else (seen[0], *heard)


@pytest.mark.parametrize("kind", [SoundToPicture, PictureToSound])
def test_the_discriminator_refuses_made_and_wrong_ones_by_halves(kind: type[CrossModal]) -> None:
    """-log S_r - (log(1 - S_w) + log(1 - S_f)) / 2, told the 128 features before the last layer."""
    system, batch = made(kind), batch_of()
    shared = system.prepare(batch, step())
    given, real, wrong = sides(kind, batch)
    phi = system.encoder.eval().image(given)[1]
    torch.testing.assert_close(shared.told, phi)
    noise = step().normal(5)
    fake = system.generator(noise, noise[:, :0], phi).images[0]
    assert wrong is not None and fake.shape == real.shape
    judge = system.discriminator

    def logits(values: Tensor) -> Tensor:
        return judge([values], phi)[0][0]

    # In the order in which they pass: batch norms keep no statistics of each other.
    expected = bce(logits(real), 1) + 0.5 * bce(logits(fake), 0) + 0.5 * bce(logits(wrong), 0)
    losses = system.discriminator_loss(shared, step(), 0)
    assert list(losses) == ["real", "fake", "wrong", "r_t"]
    torch.testing.assert_close(total(losses), expected)
    torch.testing.assert_close(
        total(system.generator_loss(shared, step(), 0)), bce(logits(fake), 1)
    )


@pytest.mark.parametrize("kind", [SoundToPicture, PictureToSound])
def test_variant_n_judges_no_wrong_pair_and_made_ones_count_whole(kind: type[CrossModal]) -> None:
    system, batch = made(kind, mismatch="none"), batch_of(wrong=False)
    shared = system.prepare(batch, step())
    losses = system.discriminator_loss(shared, step(), 0)
    judge = system.discriminator
    real, fake = (judge([values], shared.told)[0][0] for values in (shared.real, shared.made))
    assert list(losses) == ["real", "fake", "r_t"]
    torch.testing.assert_close(total(losses), bce(real, 1) + bce(fake, 0))
    sounds, pictures = system.views()
    assert isinstance(sounds, SoundView) and isinstance(pictures, PictureView)
    assert sounds.mismatch == "none" and not sounds.wrong and pictures.wrong is None


@pytest.mark.parametrize("kind", [SoundToPicture, PictureToSound])
def test_variant_a_is_told_what_an_autoencoder_makes(kind: type[CrossModal]) -> None:
    system, batch = made(kind, autoencoder=True), batch_of()
    given, _, _ = sides(kind, batch)
    expected = system.encoder.encoder(given)
    torch.testing.assert_close(system.prepare(batch, step()).told, expected)


@pytest.mark.parametrize("mismatch", ["class", "pose"])
def test_which_pairs_are_wrong_is_the_task(mismatch: Any) -> None:
    """Instrument-oriented and pose-oriented; only what is made has a wrong one."""
    sounds, pictures = made(SoundToPicture, mismatch=mismatch).views()
    assert isinstance(sounds, SoundView) and isinstance(pictures, PictureView)
    assert sounds.mismatch == mismatch and not sounds.wrong and pictures.wrong == "sound"
    sounds, pictures = made(PictureToSound, mismatch=mismatch).views()
    assert isinstance(sounds, SoundView) and isinstance(pictures, PictureView)
    assert sounds.mismatch == mismatch and sounds.wrong and pictures.wrong is None


@pytest.mark.parametrize("kind", [SoundToPicture, PictureToSound])
def test_gradients_reach_what_each_phase_trains_and_never_the_encoder(
    kind: type[CrossModal],
) -> None:
    system = made(kind)
    shared = system.prepare(batch_of(), step())
    total(system.discriminator_loss(shared, step(), 0)).backward()
    assert all(p.grad is not None for p in system.discriminator.parameters())
    assert all(p.grad is None for p in system.generator.parameters())
    total(system.generator_loss(shared, step(), 0)).backward()
    assert all(p.grad is not None for p in system.generator.parameters())  # phi among them
    assert all(p.grad is None and not p.requires_grad for p in system.encoder.parameters())
    assert not system.encoder.training and system.generator.training  # no dropout in features


@pytest.mark.parametrize(
    ("kind", "way", "shape"),
    [
        (SoundToPicture, {("sound",): "picture"}, (ROWS, 3, SIDE, SIDE)),
        (PictureToSound, {("picture",): "sound"}, (ROWS, 1, SIDE, SIDE)),
    ],
)
def test_samples_depend_on_their_own_seed_alone(
    kind: type[CrossModal], way: dict[Any, str], shape: tuple[int, ...]
) -> None:
    system, batch = made(kind).eval(), batch_of(wrong=False)
    assert dict(system.makes) == way
    ((asked,), name) = next(iter(way.items()))
    found = system.sample({asked: batch.views[asked]}, list(range(ROWS))).made[name]
    some = system.sample({asked: batch.cut(2, 4).views[asked]}, [2, 3]).made[name]
    assert [tuple(stage.shape) for stage in found] == [shape]
    torch.testing.assert_close(found[0][2:4], some[0])


def test_a_spectrum_that_the_generator_does_not_make_is_refused() -> None:
    options: Any = {"excerpt": Excerpt(LMS(8000, 512, 256, 16), 1.0)}
    system = made(PictureToSound)
    with pytest.raises(UserError, match=r"system.excerpt.size=\[16,16\]"):
        PictureToSound(
            system.encoder,
            system.generator,
            system.discriminator,
            MatchingAwareLoss(),
            image_size=SIDE,
            **options,
        )


def test_a_generator_that_is_told_other_features_is_refused() -> None:
    system = made(SoundToPicture)
    with pytest.raises(UserError, match="encoder: gives 12 features and the generator takes 7"):
        SoundToPicture(
            system.encoder,
            ReedGenerator([SIDE], 4, 5, 7, 6, residual=False),
            system.discriminator,
            MatchingAwareLoss(),
            excerpt(),
            SIDE,
        )


@pytest.mark.parametrize("heard", [True, False])
def test_an_autoencoder_s_loss_is_the_mean_square(heard: bool) -> None:
    shape = (1 if heard else 3, SIDE, SIDE)
    network = Autoencoder(shape, 12, 4, excerpt=excerpt() if heard else None)
    system, batch = AutoencoderTraining(network, 2.0, SIDE), batch_of(wrong=False)
    (view,) = system.views()
    assert isinstance(view, SoundView if heard else PictureView)
    values = batch.of(Sounds).values if heard else batch.of(Pictures).images[0]
    losses = system.loss(batch, step(), 0)
    expected = 2.0 * ((network(values) - values) ** 2).sum() / values.numel()
    torch.testing.assert_close(total(losses), expected)


def test_shared_is_what_both_phases_use() -> None:
    shared = made(SoundToPicture).prepare(batch_of(), step())
    assert isinstance(shared, Shared) and shared.made.requires_grad
    assert not shared.told.requires_grad
