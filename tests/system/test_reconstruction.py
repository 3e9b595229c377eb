from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from experiments.data.batches import Batch
from experiments.data.view.picture import Pictures
from experiments.encoder.noise import NoiseEncoder
from experiments.loss.reconstruction import ReconstructionLoss
from experiments.system.attngan import AttnGAN
from experiments.system.seeding import Step
from experiments.system.text_to_image import TextToImage
from tests.system.adding import total

Make = Callable[..., AttnGAN]
FirstBatch = Callable[..., tuple[Batch, Step]]


def drawing_again(make: Make, **rest: object) -> AttnGAN:
    """With a noise encoder that sees 16 px."""
    noise_dim = make().generator.noise_dim
    parts = {
        "noise_encoder": NoiseEncoder(noise_dim, 4, 16),
        "reconstruction": ReconstructionLoss(),
    }
    return make(**parts | rest)


def test_every_second_picture_is_drawn_again_of_its_own_noise(
    make_attngan: Make, first_batch: FirstBatch
) -> None:
    system = drawing_again(make_attngan, damsm=0.0, kl=0.0, adversarial=0.0).eval()
    batch, step = first_batch(system)
    finder, real = system.noise_encoder, batch.of(Pictures).images
    assert finder is not None
    torch.nn.init.zeros_(finder.head.weight)
    with torch.no_grad():
        finder.head.bias[: finder.noise_dim] = 0.5
        finder.head.bias[finder.noise_dim :] = -9.0
    step.begin()
    shared = system.prepare(batch, step)
    step.begin()
    noise, epsilon = (step.normal(n) for n in (finder.noise_dim, system.generator.condition_dim))
    noise[::2] = 0.5 + torch.tensor(-4.5).exp() * noise[::2]
    expected = system.draw(noise, epsilon, shared.text).images
    for one, other in zip(shared.fakes, expected, strict=True):
        torch.testing.assert_close(one, other)

    losses = system.generator_loss(shared, step, 0)
    differences = sum(
        F.l1_loss(fake[::2], own[::2]) for fake, own in zip(shared.fakes, real, strict=True)
    )
    variance = torch.tensor(-9.0).exp()
    nats = finder.noise_dim * 0.5 * (0.25 + variance + 9.0 - 1.0)
    torch.testing.assert_close(total(losses), 100.0 * differences + 0.1 * nats)
    total(losses).backward()
    assert finder.head.bias.grad is not None and finder.head.bias.grad.abs().sum() > 0


def test_the_discriminator_takes_part_later(make_attngan: Make, first_batch: FirstBatch) -> None:
    system = drawing_again(make_attngan, discriminator_start=16)
    phases = {phase.name: phase for phase in system.phases()}
    assert phases["discriminator"].rest == 16 and phases["generator"].rest == 0
    assert phases["generator"].modules == (system.generator, system.noise_encoder)
    batch, step = first_batch(system)
    names = set(system.generator_loss(system.prepare(batch, step), step, 0))
    assert not any("adversarial" in name for name in names) and "16px/reconstruction" in names
    step.images = 16
    names = set(system.generator_loss(system.prepare(batch, step), step, 0))
    assert "16px/adversarial" in names


def test_first_stages_alone_then_the_rest_grows_to_its_weight(
    make_attngan: Make, first_batch: FirstBatch
) -> None:
    loss = ReconstructionLoss(alone=True, stages=1)
    options = {"discriminator_start": 16, "discriminator_ramp": 32}
    system = drawing_again(make_attngan, reconstruction=loss, **options)
    generator = system.generator
    phases = {phase.name: phase for phase in system.phases()}
    assert phases["generator"].later == (*generator.stages, *generator.heads[1:])
    assert phases["generator"].start == 16 and phases["discriminator"].later == ()

    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    first, *others = shared.fakes
    for fake in others:
        torch.testing.assert_close(fake, F.interpolate(first, fake.shape[-1]))
    losses = system.generator_loss(shared, step, 0)
    assert {name for name in losses if "kl" not in name} == {f"{first.shape[-1]}px/reconstruction"}
    total(losses).backward()
    assert generator.heads[0].weight.grad is not None
    assert all(p.grad is None for part in phases["generator"].later for p in part.parameters())

    name = f"{system.resolutions[-1]}px"
    for images, share in ((16, 0.0), (24, 0.25), (48, 1.0), (80, 1.0)):
        step.images = images
        losses = system.generator_loss(system.prepare(batch, step), step, 0)
        assert losses[f"{name}/adversarial"].weight == share * system.adversarial.weight
        assert losses[f"{name}/damsm/words_to_image"].weight == share * system.damsm.weight
        assert losses[f"{name}/reconstruction"].weight == 100.0


def test_what_comes_early_needs_a_discriminator_that_comes_late(make_attngan: Make) -> None:
    with pytest.raises(AssertionError, match="discriminator_start must be above 0"):
        drawing_again(make_attngan, reconstruction=ReconstructionLoss(alone=True))
    many = ReconstructionLoss(stages=len(make_attngan().resolutions))
    with pytest.raises(AssertionError, match="null is all"):
        drawing_again(make_attngan, reconstruction=many, discriminator_start=8)


def test_a_noise_encoder_without_colours_sees_brightness_alone() -> None:
    finder = NoiseEncoder(3, 4, 16, colour=False).eval()
    red = torch.zeros(1, 3, 16, 16)
    red[:, 0, 4:8] = 0.9
    grey = red.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    torch.testing.assert_close(finder(red), finder(grey))
    seeing = NoiseEncoder(3, 4, 16).eval()
    assert not torch.equal(seeing(red)[0], seeing(grey)[0])


def test_loss_and_encoder_need_each_other(make_attngan: Make) -> None:
    with pytest.raises(AssertionError, match="noise_encoder"):
        make_attngan(reconstruction=ReconstructionLoss())


def test_other_algorithms_refuse_it(make_system: Callable[..., TextToImage]) -> None:
    with pytest.raises(AssertionError, match="only AttnGAN"):
        make_system("gan_cls", discriminator_start=8)
