from __future__ import annotations

import pytest
import torch

from experiments.discriminator.augment import (
    CHANGES,
    Change,
    augmented,
    colour,
    cutout,
    moved,
    numbers_of,
    translation,
)


def test_nothing_changes_in_the_middle() -> None:
    """Half of every range is no brightness, saturation and contrast of one, and no move."""
    image, half = torch.randn(2, 3, 16, 16), torch.full((2, 3), 0.5)
    torch.testing.assert_close(colour(image, half), image)
    assert torch.equal(translation(image, half), image)


def test_colour_by_hand() -> None:
    image = torch.tensor([1.0, 0.0, -1.0]).view(1, 3, 1, 1)
    brighter = colour(image, torch.tensor([[1.0, 0.5, 0.5]]))
    torch.testing.assert_close(brighter, image + 0.5)
    grey = colour(image, torch.tensor([[0.5, 0.0, 0.5]]))
    torch.testing.assert_close(grey, torch.zeros_like(image))
    flat = colour(image, torch.tensor([[0.5, 0.5, 0.0]]))
    torch.testing.assert_close(flat, image / 2)


def test_pictures_move_by_an_eighth_at_most() -> None:
    image = torch.arange(1.0, 17.0).expand(1, 3, 16, 16)
    left = translation(image, torch.tensor([[0.5, 0.999, 0.0]]))
    assert left[0, 0, 0].tolist() == [*range(3, 17), 0, 0]
    right = translation(image, torch.tensor([[0.5, 0.0, 0.0]]))
    assert right[0, 0, 0].tolist() == [0, 0, *range(1, 15)]
    down = translation(image.transpose(2, 3), torch.tensor([[0.0, 0.5, 0.0]]))
    assert down[0, 0, :, 0].tolist() == [0, 0, *range(1, 15)]


def test_what_comes_in_repeats_the_border_where_it_is_asked_to() -> None:
    image = torch.arange(1.0, 17.0).expand(1, 3, 16, 16)
    left = moved(image, torch.tensor([[0.5, 0.999]]), 3, "replicate")
    assert left[0, 0, 0].tolist() == [*range(4, 17), 16, 16, 16]


def test_a_hole_of_half_the_side() -> None:
    ones = torch.ones(1, 3, 16, 16)
    middle = cutout(ones, torch.tensor([[0.5, 0.5, 0.0]]))
    assert middle.sum() == 3 * (256 - 64) and not middle[0, :, 4:12, 4:12].any()
    corner = cutout(ones, torch.tensor([[0.0, 0.0, 0.0]]))
    assert not corner[0, :, :4, :4].any() and corner.sum() == 3 * (256 - 16)


@pytest.mark.parametrize("change", CHANGES)
def test_each_picture_has_its_own_numbers_and_gradients(change: Change) -> None:
    torch.manual_seed(0)
    random = torch.rand(3, numbers_of([change]))
    images = torch.randn(3, 3, 16, 16, requires_grad=True)
    (together,) = augmented([images], [change], random)
    (alone,) = augmented([images[1:2]], [change], random[1:2])
    torch.testing.assert_close(together[1:2], alone)
    (gradient,) = torch.autograd.grad(together[1].square().sum(), images)
    assert gradient[1].any() and not gradient[0].any() and not gradient[2].any()


@pytest.mark.parametrize("change", CHANGES)
def test_with_no_chance_a_picture_is_left_to_the_bit_and_with_all_it_is_as_without_any(
    change: Change,
) -> None:
    torch.manual_seed(0)
    images, random = torch.randn(8, 3, 16, 16), torch.rand(8, numbers_of([change], sometimes=True))
    (same,) = augmented([images], [change], random, torch.tensor(0.0))
    assert torch.equal(same, images)
    (always,) = augmented([images], [change], random, torch.tensor(1.0))
    assert torch.equal(always, *augmented([images], [change], random))
    assert not torch.equal(always, images)
    kept = [
        augmented([images], [change], random, chance)[0] for chance in (torch.tensor(0.05), None)
    ]
    changed = [(one != images).flatten(1).any(1) for one in kept]
    assert changed[0].sum() < changed[1].sum() or change == "flip"


def test_stages_change_alike() -> None:
    """What is cut out of a large picture is cut out of the small one."""
    random = torch.rand(4, numbers_of(["cutout", "translation"]))
    small, large = augmented(
        [torch.ones(4, 3, 8, 8), torch.ones(4, 3, 32, 32)], ["cutout", "translation"], random
    )
    assert large.shape == (4, 3, 32, 32)
    shrunk = torch.nn.functional.avg_pool2d(large, 4)
    assert (shrunk - small).abs().mean() < 0.15
