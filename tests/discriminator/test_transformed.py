"""Changes of StyleGAN2-ADA, by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from experiments.discriminator.transformed import (
    blit,
    colour_transform,
    flip,
    geometric,
    normal,
    turned_at,
)
from experiments.layer.affine import SYM6, affine


def smooth(side: int = 32) -> Tensor:
    """A hill left of and above the centre, another below, (1, 3, side, side)."""
    line = (torch.arange(side) + 0.5) / side - 0.5
    x, y = line[None], line[:, None]
    hills = [
        torch.exp(-((x - a) ** 2 + (y - b) ** 2) / 0.02) for a, b in ((-0.2, -0.1), (0.1, 0.2))
    ]
    return torch.stack([hills[0], hills[1], hills[0] + hills[1]])[None]


def always(parts: int) -> Tensor:
    return torch.ones(1, parts, dtype=torch.bool)


def test_the_chance_of_each_of_two_turns() -> None:
    """One of two turns with chance p: 1 - (1 - q)^2 = p."""
    q = turned_at(torch.tensor(0.6)).item()
    assert q == pytest.approx(0.367544, abs=1e-6) and 1 - (1 - q) ** 2 == pytest.approx(0.6)
    assert turned_at(torch.tensor(0.0)) == 0 and turned_at(torch.tensor(1.0)) == 1


def test_normal_numbers_have_no_end() -> None:
    found = normal(torch.tensor([0.0, 0.5, 1 - 2**-24]))
    assert found.isfinite().all() and found[1].abs() < 1e-6 and found[0] < -5 and found[2] > 5
    assert normal(torch.tensor(0.841345)).item() == pytest.approx(1, abs=1e-5)


def test_half_of_all_pictures_are_mirrored() -> None:
    image = torch.arange(16.0).view(1, 1, 4, 4)
    assert torch.equal(flip(image, torch.tensor([[0.49]]), always(1)), image.flip(3))
    assert torch.equal(flip(image, torch.tensor([[0.5]]), always(1)), image)


def test_quarter_turns_and_whole_pixels() -> None:
    image = torch.randn(1, 3, 16, 16)
    for quarters in range(4):
        found = blit(image, torch.tensor([[quarters / 4 + 0.1, 0.5, 0.5]]), always(2))
        assert torch.equal(found, image.rot90(quarters, (2, 3)))
    down = blit(image, torch.tensor([[0.0, 0.5, 0.999]]), always(2))
    assert torch.equal(down[..., 2:, :], image[..., :-2, :])
    assert torch.equal(down[..., :2, :], image[..., 1:3, :].flip(2))  # mirrored at the edge


def test_nothing_between_up_and_down_leaves_a_picture_as_it_was() -> None:
    taps = torch.tensor(SYM6, dtype=torch.float64)
    for shift in range(0, 12, 2):
        product = (taps[: 12 - shift] * taps[shift:]).sum().item()
        assert product == pytest.approx(float(shift == 0), abs=1e-9)
    image = torch.randn(2, 3, 16, 16)
    found = affine(image, torch.eye(2).expand(2, 2, 2), torch.zeros(2, 2))
    torch.testing.assert_close(found[..., 3:-3, 3:-3], image[..., 3:-3, 3:-3], atol=1e-5, rtol=0)


@pytest.mark.parametrize("angle", [0.5, 1.0, -0.5])
def test_a_turn_of_right_angles_is_that_of_pixels(angle: float) -> None:
    """With (2 u - 1) pi as the first angle; x turns towards y, which is down."""
    image, random = smooth(), torch.tensor([[0.5, (angle + 1) / 2, 0.5, 0.5, 0.5, 0.5]])
    found = geometric(image, random, always(5))
    assert (found - image.rot90(round(-2 * angle), (2, 3))).abs().max() < 0.02


def test_what_comes_to_lie_where() -> None:
    """Scaled by 2^0.2 from the centre; moved by an eighth of the side to the right."""
    image, one = smooth(), 0.841345  # N = 1
    middle = torch.full((1, 6), 0.5)
    moved, scaled = middle.clone(), middle.clone()
    moved[0, 4], scaled[0, 0] = one, one
    found = geometric(image, moved, always(5))
    assert (found[..., 6:] - image[..., 2:-4]).abs().max() < 0.01
    found, factor = geometric(image, scaled, always(5)), 2**0.2
    top = found[0, 0].argmax().item()
    x, y = ((place + 0.5) / 32 - 0.5 for place in (top % 32, top // 32))
    assert abs(x + 0.2 * factor) < 1 / 32 and abs(y + 0.1 * factor) < 1 / 32
    assert found[0, 1].sum() / image[0, 1].sum() == pytest.approx(factor**2, rel=0.01)


def test_any_angle_turns_about_the_centre() -> None:
    """A top at (-0.2, -0.1), turned by (2 u - 1) pi."""
    for u in (0.1, 0.33, 0.9):
        found = geometric(smooth(), torch.tensor([[0.5, u, 0.5, 0.5, 0.5, 0.5]]), always(5))
        top, angle = found[0, 0].argmax().item(), (2 * u - 1) * math.pi
        x, y = ((place + 0.5) / 32 - 0.5 for place in (top % 32, top // 32))
        cos, sin = math.cos(angle), math.sin(angle)
        assert abs(x - (-0.2 * cos + 0.1 * sin)) < 1 / 32
        assert abs(y - (-0.2 * sin - 0.1 * cos)) < 1 / 32


def test_it_is_linear_and_its_gradient_can_be_followed_again() -> None:
    """<A x, y> = <x, A' y>, and the derivative of A' y towards y is A."""
    torch.manual_seed(0)
    random = torch.rand(2, 6)
    fires = torch.ones(2, 5, dtype=torch.bool)
    x, z = torch.randn(2, 2, 3, 16, 16)
    y = torch.randn(2, 3, 16, 16, requires_grad=True)
    leaf = x.clone().requires_grad_()
    value = (geometric(leaf, random, fires) * y).sum()
    (back,) = torch.autograd.grad(value, leaf, create_graph=True)
    torch.testing.assert_close((back * x).sum(), value, rtol=1e-4, atol=1e-4)
    (again,) = torch.autograd.grad((back * z).sum(), y)
    torch.testing.assert_close(again, geometric(z, random, fires))


def test_colours_by_hand() -> None:
    middle = torch.full((1, 5), 0.5)  # luma: not exchanged from 0.5 on; hue: no turn
    image = torch.tensor([0.5, 0.0, -0.25]).view(1, 3, 1, 1)

    def changed(place: int, value: float) -> list[float]:
        random = middle.clone()
        random[0, place] = value
        return colour_transform(image, random, always(5)).flatten().tolist()  # type: ignore[no-any-return]

    one = 0.841345  # N = 1
    assert changed(0, 0.5) == pytest.approx([0.5, 0.0, -0.25], abs=1e-6)
    assert changed(0, one) == pytest.approx([0.7, 0.2, -0.05], abs=1e-5)
    assert changed(1, one) == pytest.approx([0.5 * 2**0.5, 0.0, -0.25 * 2**0.5], abs=1e-5)
    mean = 0.25 / 3
    assert changed(2, 0.0) == pytest.approx([x - 2 * mean for x in (0.5, 0.0, -0.25)], abs=1e-6)
    assert changed(3, 5 / 6) == pytest.approx([-0.25, 0.5, 0.0], abs=1e-5)  # a third of a turn
    far = [mean + 2 * (x - mean) for x in (0.5, 0.0, -0.25)]
    assert changed(4, one) == pytest.approx(far, abs=1e-5)


def test_grey_stays_grey_and_far_stays_as_far_whatever_the_hue() -> None:
    torch.manual_seed(0)
    random, fires = torch.rand(8, 5), torch.zeros(8, 5, dtype=torch.bool)
    fires[:, 3] = True
    grey = torch.rand(8, 1, 4, 4).expand(-1, 3, -1, -1)
    torch.testing.assert_close(colour_transform(grey, random, fires), grey)
    image = torch.randn(8, 3, 4, 4)
    found = colour_transform(image, random, fires)
    torch.testing.assert_close(found.norm(dim=1), image.norm(dim=1))
    assert math.isclose(found.sum().item(), image.sum().item(), abs_tol=1e-3)
