from __future__ import annotations

import pytest
import torch

from experiments.layer.clip_map import Shown, doublings, halvings, smallest, steps_of, widths_of


@pytest.mark.parametrize(
    ("frames", "side", "base", "count"),
    [
        (32, 64, (2, 4, 4), 4),  # VGAN
        (16, 48, (1, 3, 3), 4),  # TGANs-C
        (8, 24, (1, 3, 3), 3),
        (16, 32, (2, 4, 4), 3),
        (8, 64, (1, 4, 4), 4),  # one step halves the side alone
        (12, 48, (3, 3, 3), 4),
        (1, 64, (1, 4, 4), 4),  # a picture
        (5, 40, (5, 5, 5), 3),
    ],
)
def test_the_smallest_map(frames: int, side: int, base: tuple[int, ...], count: int) -> None:
    steps = steps_of(frames, side)
    assert smallest(frames, side) == base and len(steps) == count
    in_time = [time for time, _ in steps]
    assert in_time == sorted(in_time, reverse=True), "frames are halved first, while they are even"


@pytest.mark.parametrize(("frames", "side"), [(32, 64), (8, 64), (1, 24), (12, 48)])
def test_doublings_mirror_halvings(frames: int, side: int) -> None:
    with torch.device("meta"):
        layers, channels, base = halvings((3, frames, side), 2, "batch")
        maps = layers(torch.empty(2, 3, frames, side, side))
        assert maps.shape == (2, channels, *base) and base == smallest(frames, side)
        steps = steps_of(frames, side)
        widths = widths_of(steps, 2)[::-1]
        up = Shown(widths[-1], 3, steps[0])(doublings(steps, widths, "batch")(maps))
        assert up.shape == (2, 3, frames, side, side)


def test_what_is_not_halved_in_time_is_not_mixed_in_it() -> None:
    torch.manual_seed(0)
    layers, _, _ = halvings((1, 5, 8), 2, "group")
    clip = torch.randn(1, 1, 5, 8, 8)
    other = clip.clone()
    other[:, :, 3] += 1
    before, after = (layers[0](x) for x in (clip, other))
    changed = (before - after).abs().amax((0, 1, 3, 4)) > 0
    assert changed.tolist() == [False, False, False, True, False]


@pytest.mark.parametrize("side", [4, 44, 63])
def test_a_side_that_cannot_be_halved_down_is_refused(side: int) -> None:
    with pytest.raises(AssertionError, match=f"side={side}"):
        steps_of(8, side)
