from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from experiments.discriminator.vgan import VGANDiscriminator
from experiments.generator.initialisation import initialise


@pytest.mark.parametrize(("width", "published"), [(64, 11.1e6), (128, 44.1e6)])
def test_published_counts(width: int, published: float) -> None:
    with torch.device("meta"):
        network, released = (VGANDiscriminator(width=width, outputs=n) for n in (1, 2))
    sizes = [sum(p.numel() for p in n.parameters()) for n in (network, released)]
    assert all(abs(size / published - 1) < 0.01 for size in sizes)
    assert sizes[1] - sizes[0] == 8 * width * 32 + 1, "one class more"
    eps = {layer.eps for layer in network.modules() if isinstance(layer, nn.BatchNorm3d)}
    assert eps == {1e-3}
    kinds = [layer for layer in network.layers if isinstance(layer, nn.Conv3d)]
    assert [layer.out_channels for layer in kinds] == [width, 2 * width, 4 * width, 8 * width]
    assert [layer.bias is not None for layer in kinds] == [True, False, False, False]


def test_maps_and_logits() -> None:
    with torch.device("meta"):
        network = VGANDiscriminator()
        clips = torch.empty(2, 3, 32, 64, 64)
        assert network.layers(clips).shape == (2, 512, 2, 4, 4)
        assert network(clips).shape == (2,)


def tiny(**options: object) -> VGANDiscriminator:
    torch.manual_seed(0)
    network = VGANDiscriminator(8, 24, 1, 2, **options).eval()  # type: ignore[arg-type]
    initialise(network, 0.1)
    return network


def test_cross_entropy_of_two_classes_is_that_of_their_difference() -> None:
    """Of the release: class 1 is real, class 2 made."""
    network, clips = tiny(outputs=2), torch.randn(4, 1, 8, 24, 24)
    classes = network.head(network.layers(clips)).flatten(1)
    logits = network(clips)
    for real in (0, 1):
        released = F.cross_entropy(classes, torch.full((4,), 1 - real))
        ours = F.binary_cross_entropy_with_logits(logits, torch.full((4,), float(real)))
        torch.testing.assert_close(released, ours)


def test_logits_depend_on_clip_and_sentence_of_their_own_row() -> None:
    network = tiny(text_dim=3, projected_dim=4)
    clips, sentence = torch.randn(3, 1, 8, 24, 24), torch.randn(3, 3)
    logits = network(clips, sentence)
    torch.testing.assert_close(network(clips[:1], sentence[:1]), logits[:1])
    assert not torch.allclose(network(clips, sentence.roll(1, 0)), logits)
    assert not torch.allclose(network(clips.roll(1, 0), sentence), logits)
    assert not torch.allclose(network(clips.flip(2), sentence), logits), "the order of frames"
    with pytest.raises(AssertionError, match="told a sentence"):
        network(clips)


def test_a_frame_is_judged_by_itself() -> None:
    network = tiny(text_dim=3, projected_dim=4, judges_frames=True)
    clips, sentence = torch.randn(3, 1, 8, 24, 24), torch.randn(3, 3)
    logits = network.of_frames(clips, sentence)
    assert logits.shape == (3, 8)
    torch.testing.assert_close(network.of_frames(clips.flip(2), sentence), logits.flip(1))
    assert not torch.allclose(network.of_frames(clips, sentence.roll(1, 0)), logits)
    with pytest.raises(AssertionError, match="one frame is judged already"):
        VGANDiscriminator(1, 24, 1, 2, judges_frames=True)


@pytest.mark.parametrize("judges_frames", [False, True])
def test_spectral_bounds_what_a_step_can_change(judges_frames: bool) -> None:
    """Weights of any size give the same features: each is divided by its largest singular value."""
    network = tiny(text_dim=3, projected_dim=4, norm="spectral", judges_frames=judges_frames)
    clips = torch.randn(2, 1, 8, 24, 24)
    with torch.no_grad():
        features = network.layers(clips)
        for layer in network.modules():
            if parametrize.is_parametrized(layer, "weight"):
                layer.parametrizations.weight.original.mul_(7)
    torch.testing.assert_close(network.layers(clips), features)
    bounded = [
        name
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv3d) and parametrize.is_parametrized(layer, "weight")
    ]
    plain = {name for name, layer in network.named_modules() if isinstance(layer, nn.Conv3d)}
    heads = {"head", "still.head"} if judges_frames else {"head"}
    assert plain - {*bounded} == heads
    for name in bounded:
        weight = network.get_submodule(name).weight.flatten(1)
        assert torch.linalg.matrix_norm(weight, 2).item() < 1.3
