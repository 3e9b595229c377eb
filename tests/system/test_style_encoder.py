from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.caption import CAPTION, Captions
from experiments.optim.adam import Adam
from experiments.style.reed import StyleEncoder
from experiments.system.attngan import AttnGAN
from experiments.system.seeding import Step
from experiments.system.style_encoder import StyleEncoderTraining
from experiments.system.text_to_image import TextToImage
from experiments.terminal.error import UserError
from experiments.trainer.training import Training

Make = Callable[..., StyleEncoderTraining]
FirstBatch = Callable[..., tuple[Batch, Step]]
KINDS = ["gan_cls", "stackgan", "stackgan_stage2", "stackgan_v2", "attngan"]


@pytest.fixture
def make(
    make_system: Callable[..., TextToImage], make_attngan: Callable[..., AttnGAN]
) -> Callable[..., StyleEncoderTraining]:
    """`make(kind, norm=, **rest)`: against the generator of a system; `norm` is that of S."""

    def made(
        kind: str = "gan_cls", norm: Any = "group", condition_dim: int = 0, **rest: Any
    ) -> StyleEncoderTraining:
        drawer = make_attngan() if kind == "attngan" else make_system(kind)
        generator = drawer.generator
        dims = {"noise_dim": generator.noise_dim, "condition_dim": condition_dim}
        style = StyleEncoder(generator.resolutions[-1], width=4, norm=norm, **dims)
        system = StyleEncoderTraining(drawer.encoder, generator, style, **rest)
        system.initialise()
        return system.train()

    return made


def weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return all(torch.equal(left[name], right[name]) for name in left)


def test_one_phase_over_the_style_encoder(make: Make) -> None:
    system = make()
    (phase,) = system.phases()
    assert (phase.name, phase.modules) == ("style", (system.style,))
    assert list(system.export_modules()) == ["style", "generator", "encoder"]
    assert system.resolutions == [16] and system.views()[0].mismatch == "class_aware"
    assert make(interpolated=0.0).views()[0].mismatch == "none"


def test_the_generator_is_fixed(make: Make) -> None:
    system = make().train()
    fixed = (system.generator, system.encoder)
    assert system.style.training and not any(module.training for module in fixed)
    assert not any(p.requires_grad for module in fixed for p in module.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_steps_change_the_style_encoder_alone(
    kind: str, make: Make, make_training: Callable[..., Training]
) -> None:
    system = make(kind, "batch")
    fixed, trained = (system.generator, system.encoder), weights(system.style)
    before = [weights(module) for module in fixed]
    training = make_training(system)
    for _ in range(2):
        training.step(training.batches.at(training.images))
        training.advance()
    after = [weights(module) for module in fixed]
    assert all(same(old, new) for old, new in zip(before, after, strict=True))
    assert all(p.grad is None for module in fixed for p in module.parameters())
    assert not same(trained, weights(system.style))


def test_running_statistics_of_the_generator_stay_as_they_are(
    make_attngan: Callable[..., AttnGAN], make_training: Callable[..., Training]
) -> None:
    drawer = make_attngan(norm="batch")
    system = StyleEncoderTraining(drawer.encoder, drawer.generator, StyleEncoder(16, 5, 4)).train()
    training, before = make_training(system), weights(system.generator)
    assert any("running_mean" in name for name in before)
    for _ in range(2):
        training.step(training.batches.at(training.images))
        training.advance()
    with training.ema.in_place(system):
        assert system.generator is drawer.generator, "what is frozen has no average of its own"
    assert same(before, weights(system.generator)) and not system.generator.training


@pytest.mark.parametrize("kind", ["gan_cls", "attngan"])
def test_pictures_of_noise_and_captions_some_of_them_between_two(
    kind: str, make: Make, first_batch: FirstBatch
) -> None:
    system = make(kind, interpolated=0.5, beta=0.25)
    batch, step = first_batch(system)
    text = batch.of(Captions)
    images, noise = system.prepare(batch, step)
    step.begin()
    expected = step.normal(5)
    epsilon = step.normal(system.generator.condition_dim)
    assert torch.equal(noise, expected) and not images.requires_grad
    assert text.sentence is not None and text.wrong_sentence is not None
    sentence = text.sentence.float().clone()
    sentence[1::2] = 0.25 * sentence[1::2] + 0.75 * text.wrong_sentence.float()[1::2]
    words = (text.words.float(), text.tokens != 0) if kind == "attngan" else ()  # type: ignore[union-attr]
    made = system.generator(noise, epsilon, sentence, *words).images[-1]
    torch.testing.assert_close(images, made)


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.25, 2), (0.5, 4), (0.75, 6), (1.0, 8)])
def test_the_share_between_two_captions_is_exact_and_spread_over_processes(
    share: float, count: int, make: Make, first_batch: FirstBatch
) -> None:
    system = make(interpolated=share)
    batch, step = first_batch(system)
    halves = [Step(0, 0, 8, slice(k, k + 4), step.device, 2) for k in (0, 4)]
    whole = system._between(step)
    assert int(whole.sum()) == count
    assert torch.equal(torch.cat([system._between(half) for half in halves]), whole)
    changed = (system.text_of(batch, step).sentence != batch.of(Captions).sentence.float()).any(1)  # type: ignore[union-attr]
    assert torch.equal(changed, whole)


@pytest.mark.parametrize("kind", KINDS)
def test_parts_of_a_batch_are_the_batch(
    kind: str, make: Make, make_training: Callable[..., Training]
) -> None:
    """What two processes, or two parts of a batch, are given is what one is given."""
    system = make(kind)
    found = []
    for parts in (1, 2):
        training = make_training(system, accumulate=parts)
        pieces = training.split(training.to_device(training.batches.at(0)))
        drawn = [system.prepare(batch, step) for batch, step in pieces]
        found.append([torch.cat(side) for side in zip(*drawn, strict=True)])
    torch.testing.assert_close(found[0], found[1])


class Answer(nn.Module):
    """Says what it was told to say."""

    def __init__(self, noise: Tensor, condition_dim: int = 0) -> None:
        super().__init__()
        self.noise, self.condition_dim = noise, condition_dim

    def forward(self, images: Tensor) -> Tensor:
        return self.noise


def test_the_loss_by_hand(make: Make, first_batch: FirstBatch) -> None:
    system = make(weight=3.0)
    _, step = first_batch(system)
    noise = torch.tensor([[1.0, -2.0], [0.0, 3.0]])
    for answer, value in (
        (noise, 0.0),  # an oracle
        (torch.zeros(2, 2), (1 + 4 + 9) / 4),
        (torch.tensor([[1.0, -1.0], [2.0, 3.0]]), (1 + 4) / 4),
    ):
        system.style = Answer(answer)  # type: ignore[assignment]
        (found,) = system.loss((torch.zeros(2, 3, 16, 16), noise), step, 0).values()
        assert found.value.item() == pytest.approx(value) and found.weight == 3.0


def test_it_learns_to_read_the_noise(make: Make, make_training: Callable[..., Training]) -> None:
    training = make_training(make(norm="batch"), {"style": Adam(5e-3, (0.5, 0.999))})
    values = []
    for _ in range(60):
        training.step(training.batches.at(training.images))
        training.advance()
        values.append(training.stats.read()["style/noise"])
    assert 0.7 < sum(values[:3]) / 3 < 1.4, "it begins with knowing nothing"
    assert sum(values[-5:]) / 5 < 0.7


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_drawn_again_from_what_is_read_in_them(
    kind: str, make: Make, first_batch: FirstBatch
) -> None:
    system = make(kind).eval()
    batch, _ = first_batch(system)
    text = batch.of(Captions)
    tokens, lengths, seeds = (
        text.tokens[:3],
        text.lengths[:3],
        [4, 5, 6],
    )
    asked = {CAPTION: Captions(tokens, lengths)}
    first, again = system.sample(asked, seeds).images
    torch.testing.assert_close(system.transfer(first, tokens, lengths, seeds), again)
    system.full_length = False
    system.style = Answer(system.noise_of(seeds, tokens.device)[0])  # type: ignore[assignment]
    torch.testing.assert_close(system.sample(asked, seeds).images[1], first)
    # Another caption in the same style is another picture.
    other = system.transfer(first, text.tokens[3:6], text.lengths[3:6], seeds)
    assert not torch.equal(other, first)


def test_styles_have_the_length_of_noise(make: Make) -> None:
    system = make()
    system.style = Answer(torch.tensor([[3.0, 4.0], [0.01, 0.0], [0.0, 0.0]]))  # type: ignore[assignment]
    found = system.style_of(torch.zeros(3, 3, 16, 16))
    torch.testing.assert_close(found, torch.tensor([[0.6, 0.8], [1.0, 0.0], [0.0, 0.0]]) * 2**0.5)
    system.full_length = False
    assert system.style_of(torch.zeros(3, 3, 16, 16))[0].tolist() == [3.0, 4.0]


@pytest.mark.parametrize("kind", ["stackgan", "stackgan_stage2", "attngan"])
def test_the_noise_of_the_augmentation_can_be_read_as_well(
    kind: str, make: Make, first_batch: FirstBatch
) -> None:
    count = 12 if kind == "stackgan_stage2" else 6  # it has one for each stage
    both, alone = make(kind, condition_dim=count).eval(), make(kind).eval()
    both.generator.load_state_dict(alone.generator.state_dict())
    batch, step = first_batch(alone)
    text = batch.of(Captions)
    images, noise = alone.prepare(batch, step)
    step.begin()
    same_images, style = both.prepare(batch, step)
    assert torch.equal(same_images, images) and style.shape == (8, 5 + count)
    step.begin()
    expected = torch.cat((step.normal(5), step.normal(count)), dim=1)
    assert torch.equal(style, expected) and torch.equal(style[:, :5], noise)
    # What is read decides the whole picture then: no seed does.
    tokens, lengths = text.tokens[:2], text.lengths[:2]
    one, other = (both.transfer(images[:2], tokens, lengths, seeds) for seeds in ([1, 2], [3, 4]))
    assert torch.equal(one, other)
    one, other = (alone.transfer(images[:2], tokens, lengths, seeds) for seeds in ([1, 2], [3, 4]))
    assert not torch.equal(one, other)


@pytest.mark.parametrize("kind", ["gan_cls", "stackgan_v2"])
def test_a_seed_draws_what_it_draws_of_the_generator_s_own_run(
    kind: str, make: Make, make_system: Callable[..., TextToImage], first_batch: FirstBatch
) -> None:
    drawer = make_system(kind).eval()
    style = StyleEncoder(16, 5, 4)
    system = StyleEncoderTraining(drawer.encoder, drawer.generator, style).eval()
    batch, _ = first_batch(system)
    made = drawer.sample(batch.views, list(range(8)))
    first = system.sample(batch.views, list(range(8))).images[0]
    assert torch.equal(first, made.images[-1])


def test_what_does_not_fit_is_refused(make: Make, first_batch: FirstBatch) -> None:
    system = make("attngan")
    parts = (system.encoder, system.generator)
    with pytest.raises(AssertionError, match="noise_dim=7: the generator draws from 5"):
        StyleEncoderTraining(*parts, StyleEncoder(16, 7, 4))
    with pytest.raises(AssertionError, match="resolution=8: the generator draws 16"):
        StyleEncoderTraining(*parts, StyleEncoder(8, 5, 4))
    with pytest.raises(AssertionError, match="condition_dim=4: must be 0 or the generator's 6"):
        StyleEncoderTraining(*parts, StyleEncoder(16, 5, 4, condition_dim=4))
    for key in ("interpolated", "beta"):
        with pytest.raises(AssertionError, match=f"{key} must lie in"):
            StyleEncoderTraining(*parts, StyleEncoder(16, 5, 4), **{key: 1.5})
    batch, step = first_batch(system)
    with pytest.raises(UserError, match="attends to words"):
        text = replace(batch.of(Captions), words=None)
        system.prepare(replace(batch, views=batch.views | {CAPTION: text}), step)
