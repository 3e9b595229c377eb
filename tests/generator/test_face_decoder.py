from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.generator.face_decoder import FaceDecoder
from experiments.layer.warp import warp


def small(points: int | None = 5) -> FaceDecoder:
    torch.manual_seed(0)
    return FaceDecoder(dim=6, size=32, width=1 / 16, points=points)


def test_the_layers_and_the_count_are_those_of_the_table() -> None:
    with torch.device("meta"):
        network = FaceDecoder()
        seen: list[tuple[int, ...]] = []
        for layer in network.texture:
            if isinstance(layer, nn.Unflatten | nn.ConvTranspose2d | nn.Conv2d):
                layer.register_forward_hook(lambda _, __, out: seen.append(tuple(out.shape[1:])))
        face = network(torch.zeros(2, 4096))
    assert seen == [
        *[(256, 14, 14), (128, 28, 28), (64, 56, 56), (32, 112, 112), (32, 224, 224)],
        (3, 224, 224),
    ]
    assert face.picture.shape == face.texture.shape == (2, 3, 224, 224)
    assert face.points is not None and face.points.shape == (2, 72, 2)
    trunk = (4096 + 3) * 3072 + (3072 + 3) * 2048
    landmarks = (2048 + 3) * 1024 + (1024 + 3) * 512 + (512 + 3) * 256 + 257 * 144
    ups = [(256, 128), (128, 64), (64, 32), (32, 32)]
    texture = 2049 * 256 * 14 * 14 + sum((25 * i + 1) * o for i, o in ups) + 33 * 3
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count == trunk + landmarks + texture == 125_596_403


def test_without_points_a_face_is_its_texture() -> None:
    network = small(points=None).eval()
    face = network(torch.randn(3, 6))
    assert face.points is None
    assert face.picture is face.texture
    assert face.picture.shape == (3, 3, 32, 32)
    assert face.picture.abs().max() <= 1
    assert not list(network.buffers(recurse=False))


def test_a_face_is_its_texture_bent_from_the_mean_shape_to_its_points() -> None:
    network = small().eval()
    torch.manual_seed(1)
    faces = torch.rand(4, 5, 2) - 0.5, torch.rand(4, 5, 2) - 0.5
    for points in faces:
        network.learn_shape(points)
    mean = torch.cat(faces).mean(0)
    assert torch.allclose(network.shape, mean)
    face = network(torch.randn(3, 6))
    expected = warp(face.texture, mean.expand(3, -1, -1), face.points)
    assert torch.allclose(face.picture, expected, atol=1e-6)
    assert not torch.allclose(face.picture, face.texture)


def test_gradients_of_the_face_reach_both_branches_and_the_features() -> None:
    network, features = small(), torch.randn(4, 6, requires_grad=True)
    network.learn_shape(torch.rand(4, 5, 2) - 0.5)
    network(features).picture.square().sum().backward()
    assert features.grad is not None and features.grad.abs().sum() > 0
    assert network.landmarks is not None
    for branch in (network.texture, network.landmarks):
        assert next(branch.parameters()).grad.abs().sum() > 0


def test_a_size_that_four_doublings_do_not_make_is_refused() -> None:
    with pytest.raises(AssertionError, match="size=100: must be a multiple of 16"):
        FaceDecoder(dim=6, size=100, width=0.01)
