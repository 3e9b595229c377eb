from __future__ import annotations

import torch

from experiments.encoder.part import PartCNN, attend


def trunk(**options: object) -> PartCNN:
    torch.manual_seed(0)
    return PartCNN(widths=(4, 6), deep_width=5, parts=3, **options).eval()  # type: ignore[arg-type]


def test_shapes() -> None:
    network = trunk()
    assert (network.local_channels, network.region_channels) == (6, 11)
    assert network.pooled_channels == 18
    images = torch.randn(2, 3, 32, 32)
    assert network.places(images).shape == (2, 11, 8, 8)
    regions, pooled = network(images)
    assert regions.shape == (2, 11, 16) and pooled.shape == (2, 18)
    assert trunk(region_pool=1)(images)[0].shape == (2, 11, 64)


def test_regions_are_means_of_the_places_and_local_ones_come_first() -> None:
    network, images = trunk(), torch.randn(2, 3, 32, 32)
    places = network.places(images)
    regions, _ = network(images)
    corner = places[:, :, :2, :2].mean((2, 3))
    torch.testing.assert_close(regions[:, :, 0], corner)
    torch.testing.assert_close(places[:, :6], network.local(images))


def test_attend_by_hand() -> None:
    """Two places; a logit of log 3 gives the first three quarters of the weight."""
    features = torch.tensor([[[[1.0, 5.0]], [[0.0, 8.0]]]])
    logits = torch.tensor([[[[3.0, 1.0]], [[0.0, 0.0]]]]).log().nan_to_num(neginf=0.0)
    found = attend(logits, features)
    torch.testing.assert_close(found, torch.tensor([[[2.0, 2.0], [3.0, 4.0]]]))


def test_the_pooled_vector_joins_the_means_under_each_map() -> None:
    network, images = trunk(), torch.randn(2, 3, 32, 32)
    places = network.places(images)
    maps = network.where(places).flatten(2).softmax(2)
    local = places[:, :6].flatten(2)
    expected = torch.stack([maps @ local.transpose(1, 2)]).squeeze(0).flatten(1)
    torch.testing.assert_close(network(images)[1], expected)


def test_what_is_at_a_place_comes_from_nine_pixels() -> None:
    """5x5 with stride 2, then 3x3: a pixel further than that changes nothing."""
    network, images = trunk(), torch.randn(1, 3, 32, 32)
    before = network.local(images)
    changed = images.clone()
    changed[:, :, 16, 16] += 10
    moved = (network.local(changed) != before).any(1)[0]
    rows = moved.any(1).nonzero().flatten() * 4
    assert moved.any() and rows.min() >= 16 - 8 and rows.max() <= 16 + 8


def test_images_are_brought_to_the_input_size() -> None:
    small, given = trunk(input_size=16), torch.randn(1, 3, 32, 32)
    regions, _ = small(given)
    assert regions.shape[2] == 4
    resized = torch.nn.functional.interpolate(
        given, (16, 16), mode="bilinear", align_corners=False, antialias=True
    )
    torch.testing.assert_close(small(given)[1], trunk()(resized)[1])
