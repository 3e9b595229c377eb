"""Classifiers of clips: what is read from where, and that motion is read from motion."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from experiments.clip.form import ClipForm
from experiments.encoder.moving import Conv3dStack, MovingCNN
from experiments.encoder.video_classifier import VideoClassifier

VALUES = {"wing": 3, "size": 2, "action": 4}


def make(frames: int = 8, side: int = 16, channels: int = 3) -> VideoClassifier:
    torch.manual_seed(0)
    trunk = MovingCNN(channels, (4, 6), deep_width=5, parts=3, features=7, moments=2)
    form = ClipForm(frames, side, channels)
    return VideoClassifier(form, trunk, VALUES, None, ["wing"], ["action"]).eval()


def test_it_reads_all_and_each_from_its_own_features() -> None:
    network = make()
    assert network.sizes == VALUES and network.columns == [0, 1, 2]
    widths = {name: head.in_features for name, head in network.heads.items()}
    assert widths == {"wing": 6, "size": 14, "action": 7}
    features, logits = network.read(torch.randn(2, 3, 8, 16, 16))
    assert features.shape == (2, 14)
    assert {name: tuple(rows.shape) for name, rows in logits.items()} == {
        "wing": (2, 3),
        "size": (2, 2),
        "action": (2, 4),
    }


def test_content_leaves_out_the_features_of_motion() -> None:
    network, clips = make(), torch.randn(2, 3, 8, 16, 16)
    features, logits = network.read(clips)
    assert torch.equal(network.content(clips), features[:, :7])
    motion = network.heads["action"](features[:, 7:])
    assert torch.equal(motion, logits["action"])


def test_what_is_at_a_place_comes_from_a_few_pixels_of_its_frame() -> None:
    network = make()
    trunk = network.image
    assert isinstance(trunk, MovingCNN)
    clip = torch.randn(1, 3, 8, 16, 16)
    other = clip.clone()
    other[:, :, 5] += 1
    with torch.no_grad():
        first, second = (trunk.seen(values)[0][:, :6] for values in (clip, other))
    same = [
        torch.equal(one, two) for one, two in zip(first.unbind(2), second.unbind(2), strict=True)
    ]
    assert same == [True] * 5 + [False] + [True] * 2


def test_the_order_of_frames_is_seen_in_the_features_of_motion() -> None:
    network, clips = make(), torch.randn(1, 3, 8, 16, 16)
    forwards, backwards = network.features(clips), network.features(clips.flip(2))
    assert not torch.allclose(forwards[:, 7:], backwards[:, 7:], atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "features"), [((3, 16, 48, 48), 64 * 9), ((1, 8, 24, 24), 64), ((3, 2, 16, 16), 64)]
)
def test_the_stack_of_four_blocks_ends_in_one_row(
    shape: tuple[int, int, int, int], features: int
) -> None:
    widths = (16, 32, 64, 64)
    network = Conv3dStack(shape, widths)
    assert network.pooled_channels == features
    assert network(torch.zeros(2, *shape))[1].shape == (2, features)
    # Weights and biases of convolutions of 3 x 3 x 3 alone.
    counted = sum(27 * a * b + b for a, b in pairwise((shape[0], *widths)))
    assert sum(weights.numel() for weights in network.parameters()) == counted


def test_the_stack_may_have_batch_norm_and_means() -> None:
    network = Conv3dStack((1, 8, 24, 24), (4, 6), norm="batch", pool="mean_max")
    clips = torch.randn(2, 1, 8, 24, 24)
    _, found = network.eval()(clips)
    maps = network.blocks(clips)
    assert found.shape == (2, 12)
    assert torch.equal(found[:, 6:], maps.amax((2, 3, 4)))
    classifier = VideoClassifier(ClipForm(8, 24, 1), network, VALUES, moving_attributes=["action"])
    assert classifier.heads["action"].in_features == 12, "another trunk keeps nothing apart"
    assert torch.equal(classifier.content(clips), classifier.features(clips))
