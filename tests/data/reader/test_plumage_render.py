"""The pictures: sizes, and that every coloured region can be seen in every pose."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.data.reader.plumage import COLOUR_ATTRIBUTES, COLOURS, render
from experiments.data.reader.plumage.species import VALUES

BASE = dict.fromkeys(COLOUR_ATTRIBUTES, "grey") | {"pattern": "plain", "background": "sky"}
LEAST_PIXELS = dict.fromkeys(COLOUR_ATTRIBUTES, 20) | {"beak": 12, "legs": 12}


@pytest.mark.parametrize("size", [32, 64, 76, 157, 256, 512])
def test_size_and_type(size: int) -> None:
    image = render({}, size, 3)
    assert image.shape == (size, size, 3)
    assert image.dtype == np.uint8


@pytest.mark.parametrize("attribute", COLOUR_ATTRIBUTES)
@pytest.mark.parametrize("pose", VALUES["pose"])
@pytest.mark.parametrize("size", VALUES["size"])
def test_every_region_shows_at_64_pixels(attribute: str, pose: str, size: str) -> None:
    """Changing one colour changes enough pixels, and changes them a lot."""
    for beak in VALUES["beak_shape"]:
        for seed in range(2):
            bird = {**BASE, "pose": pose, "size": size, "beak_shape": beak}
            grey = render(bird, 64, seed).astype(int)
            red = render({**bird, attribute: "red"}, 64, seed).astype(int)
            changed = np.abs(red - grey).max(axis=2) > 40
            assert changed.sum() >= LEAST_PIXELS[attribute], (beak, seed)


@pytest.mark.parametrize("pose", VALUES["pose"])
def test_small_and_large_show_the_same_bird(pose: str) -> None:
    for seed in range(4):
        small = render({"pose": pose}, 64, seed).astype(float)
        large = render({"pose": pose}, 512, seed).astype(float)
        reduced = large.reshape(64, 8, 64, 8, 3).mean(axis=(1, 3))
        assert np.abs(small - reduced).mean() < 3.0


@pytest.mark.parametrize("colour", COLOURS)
def test_light_leaves_a_colour_itself(colour: str) -> None:
    """Over many lights, most of a plain breast and wing stay nearest to their own colour."""
    palette = np.array(list(COLOURS.values()))
    own = list(COLOURS).index(colour)
    other = "blue" if colour != "blue" else "red"
    for seed in range(8):
        for attribute in ("breast", "wing"):
            bird = {**BASE, attribute: colour}
            image = render(bird, 64, seed).astype(int)
            away = render({**bird, attribute: other}, 64, seed).astype(int)
            region = image[np.abs(image - away).max(axis=2) > 60]
            nearest = np.square(region[:, None] - palette).sum(axis=2).argmin(axis=1)
            assert (nearest == own).mean() > 0.6
            assert np.bincount(nearest, minlength=len(COLOURS)).argmax() == own


def test_perched_birds_face_the_way_they_say() -> None:
    """The beak lies on the side that the pose names."""
    for pose, right in (("perched left", False), ("perched right", True)):
        for seed in range(5):
            bird = {**BASE, "pose": pose}
            beak = render({**bird, "beak": "red"}, 64, seed).astype(int)
            changed = np.abs(beak - render(bird, 64, seed)).max(axis=2) > 40
            assert (np.nonzero(changed)[1].mean() > 32) == right


def test_larger_birds_fill_more() -> None:
    shares = []
    for size in VALUES["size"]:
        colours = dict.fromkeys(COLOUR_ATTRIBUTES, "black")
        share = 0.0
        for seed in range(5):
            bird = {**BASE, **colours, "pose": "perched left", "size": size}
            share += (render(bird, 64, seed).max(axis=2) < 70).mean()
        shares.append(share)
    assert shares[0] < shares[1] < shares[2]


def test_seed_decides_what_attributes_leave_open() -> None:
    assert np.array_equal(render({"crown": "red"}, 32, 7), render({"crown": "red"}, 32, 7))
    assert not np.array_equal(render({"crown": "red"}, 32, 7), render({"crown": "red"}, 32, 8))


@pytest.mark.parametrize("attributes", [{"crown": "pink"}, {"crest": "red"}])
def test_unknown_attributes_are_refused(attributes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"crown|crest"):
        render(attributes, 32, 0)
