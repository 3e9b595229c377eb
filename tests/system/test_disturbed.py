"""DAMSM judges pictures that were moved a little, under noise."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from experiments.data.batches import Batch
from experiments.loss.damsm import DAMSMLoss
from experiments.system.attngan import AttnGAN
from experiments.system.seeding import Step
from experiments.system.text_to_image import disturbed

MOST = 2


def offsets_of(picture: Tensor, seen: Tensor) -> list[tuple[int, int]]:
    """By how many pixels, down and to the right, all of the picture that is still there moved."""
    inner = picture[:, MOST:-MOST, MOST:-MOST]
    side = inner.shape[-1]
    return [
        (y - MOST, x - MOST)
        for y in range(2 * MOST + 1)
        for x in range(2 * MOST + 1)
        if torch.equal(seen[:, y : y + side, x : x + side], inner)
    ]


def test_the_encoder_sees_each_picture_elsewhere(
    make_attngan: Callable[..., AttnGAN], first_batch: Callable[..., tuple[Batch, Step]]
) -> None:
    system = make_attngan()
    system.damsm = DAMSMLoss(shift=MOST)
    seen: list[Tensor] = []
    system.encoder.image.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    losses = system.generator_loss(shared, step, 0)
    pictures = shared.fakes[-1]
    offsets = [offsets_of(*pair) for pair in zip(pictures, seen[-1], strict=True)]
    assert [len(found) for found in offsets] == [1] * 8 and len(set(map(tuple, offsets))) > 2
    value = losses["16px/damsm/image_to_words"].value
    (gradient,) = torch.autograd.grad(value, pictures)
    assert gradient.abs().sum(dim=(1, 2, 3)).gt(0).all()


def test_noise_has_the_deviation_that_is_asked_for(
    make_attngan: Callable[..., AttnGAN], first_batch: Callable[..., tuple[Batch, Step]]
) -> None:
    system = make_attngan()
    _, step = first_batch(system)
    grey = torch.zeros(8, 3, 16, 16)
    shown = disturbed(grey, DAMSMLoss(noise=0.2), step)
    assert shown.std(dim=(1, 2, 3)).sub(0.2).abs().max() < 0.02  # four standard errors
    assert not torch.equal(shown, disturbed(grey, DAMSMLoss(noise=0.2), step))


def test_it_stays_as_it_is_without(
    make_attngan: Callable[..., AttnGAN], first_batch: Callable[..., tuple[Batch, Step]]
) -> None:
    system = make_attngan()
    seen: list[Tensor] = []
    system.encoder.image.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    system.generator_loss(shared, step, 0)
    assert seen[-1] is shared.fakes[-1]
