"""Distortion of frames, by hand: tempo, pitch and masks, each alone."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from experiments.frontend.distortion import Distortion, covers

OFF = {"tempo": 0.0, "pitch": 0.0, "time_masks": 0, "frequency_masks": 0}


def frames(*values: float) -> tuple[Tensor, Tensor]:
    """One recording of one bin."""
    return torch.tensor(values, dtype=torch.float32)[None, :, None], torch.tensor([len(values)])


def test_half_the_tempo_is_twice_as_long() -> None:
    twice = Distortion(**{**OFF, "tempo": 1.0})
    # A number of 1 is just not drawn; the slowest is log 2 on the scale, so e^(log 2) = 2.
    found, lengths = twice(*frames(0, 4, 8), torch.tensor([[1.0, 0.5]]))
    assert lengths.tolist() == [6]
    # Frame t of 6 lies at (t + 0.5) / 2 - 0.5 of 3: -0.25, 0.25, 0.75, ... within 0 and 2.
    assert found[0, :, 0].tolist() == [0, 1, 3, 5, 7, 8]


def test_twice_the_tempo_is_half_as_long() -> None:
    twice = Distortion(**{**OFF, "tempo": 1.0})
    found, lengths = twice(*frames(0, 4, 8, 12), torch.tensor([[0.0, 0.5]]))
    assert lengths.tolist() == [2]
    assert found[0, :, 0].tolist()[:2] == [2, 10]  # at 0.5 and 2.5
    assert not found[0, 2:].any()
    assert found.shape[1] == twice.longest(4) == 8


def test_pitch_moves_all_bins_and_repeats_the_outermost() -> None:
    up = Distortion(**{**OFF, "pitch": 1.0})
    given = torch.tensor([[[1.0, 2.0, 4.0, 8.0]]])
    count = torch.tensor([1])
    for number, expected in (
        (1.0, [1, 1, 2, 4]),
        (0.0, [2, 4, 8, 8]),
        (0.75, [1, 1.5, 3, 6]),  # half a bin up
    ):
        found, _ = up(given, count, torch.tensor([[0.5, number]]))
        assert torch.allclose(found[0, 0], torch.tensor(expected, dtype=torch.float32)), number


def test_masks_cover_what_their_numbers_say() -> None:
    # At most 3 of 8: floor(0.99 * 4) = 3 from floor(0.5 * (8 - 3 + 1)) = 3 on; none; of 4 places
    # half at most, so 2, from floor(0.99 * 3) = 2 on.
    numbers = torch.tensor([[0.99, 0.5], [0.0, 0.9], [0.99, 0.99]])
    found = covers(numbers, torch.tensor([[8], [8], [4]]), 3, 8)
    places = [row.nonzero().flatten().tolist() for row in found]
    assert places == [[3, 4, 5], [], [2, 3]]


def test_a_masked_place_has_the_mean_of_its_bin() -> None:
    masks = Distortion(**{**OFF, "time_masks": 1}, time_mask=2)
    given = torch.tensor([[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [6.0, 60.0]]])
    # Two wide, floor(0.99 * 3) = 2, from floor(0.34 * 3) = 1 on.
    found, lengths = masks(given, torch.tensor([4]), torch.tensor([[0.5, 0.5, 0.99, 0.34]]))
    assert lengths.tolist() == [4]
    assert found[0].tolist() == [[1, 10], [3, 30], [3, 30], [6, 60]]


def test_without_strength_nothing_is_done() -> None:
    none = Distortion(strength=0.0)
    rng = torch.Generator().manual_seed(0)
    given, lengths = torch.randn(3, 9, 5, generator=rng), torch.tensor([9, 4, 1])
    given = given * (torch.arange(9) < lengths[:, None])[..., None]
    found, count = none(given, lengths, torch.rand(3, none.numbers, generator=rng))
    assert torch.equal(count, lengths)
    assert torch.allclose(found, given, atol=1e-6)


def test_a_recording_is_distorted_alike_in_any_batch_and_its_padding_stays_zero() -> None:
    distortion = Distortion(time_mask=4, frequency_mask=2)
    rng = torch.Generator().manual_seed(1)
    lengths = torch.tensor([31, 12, 20])
    given = torch.randn(3, 31, 6, generator=rng) - 5  # a mean that is not 0, as of logarithms
    given = given * (torch.arange(31) < lengths[:, None])[..., None]
    numbers = torch.rand(3, distortion.numbers, generator=rng)
    found, counts = distortion(given, lengths, numbers)
    assert found.shape[1] == math.ceil(31 * 1.15)
    assert int(counts.max()) <= found.shape[1] and not torch.equal(counts, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone, (count,) = distortion(
            given[row : row + 1, :length], lengths[row : row + 1], numbers[row : row + 1]
        )
        assert int(count) == int(counts[row])
        assert torch.allclose(found[row, :count], alone[0, :count], atol=1e-5)
        assert not found[row, count:].any()
        assert (found[row, :count] < 0).any(1).all(), "no frame of it is lost"
