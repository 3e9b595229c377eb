"""VGAN's generators: published counts and shapes (main.lua and main_conditional.lua), composition.

Counts are of the published weights; those before a batch norm have no bias here, which would do
nothing, so that the release has as many more as it has channels there.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.generator.initialisation import initialise
from experiments.generator.scene import Scene, composed, pixels_moved
from experiments.generator.vgan import VGANGenerator
from experiments.generator.vgan_image import VGANImageGenerator, seen_of


def size(*networks: nn.Module | None) -> int:
    return sum(p.numel() for n in networks if n is not None for p in n.parameters())


NORMS = 2 * (512 + 256 + 128 + 64)  # weight and bias of each channel
STILL = 100 * 512 * 16 + (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) * 16 + 3 + NORMS
MOVING = 100 * 512 * 32 + (512 * 256 + 256 * 128 + 128 * 64 + 64 * 4) * 64 + 4 + NORMS


def test_published_counts_from_noise() -> None:
    with torch.device("meta"):
        two, one = VGANGenerator(), VGANGenerator(streams="one")
    still = size(two.still, two.scene.background)
    moving = size(two.moving, two.scene.foreground, two.scene.shown)
    assert (still, moving) == (STILL, MOVING)
    assert abs(still / 3.6e6 - 1) < 0.01 and abs(moving / 12.7e6 - 1) < 0.01
    assert abs(size(two) / 16.3e6 - 1) < 0.01 and size(two) == still + moving
    assert size(one) == moving - 64 * 64 - 1, "the foreground without its mask"


def test_published_counts_from_a_picture() -> None:
    with torch.device("meta"):
        network = VGANImageGenerator()
    encoder, background = size(network.encoder), size(network.scene.background)
    assert abs(encoder / 11.0e6 - 1) < 0.01 and abs(background / 11.0e6 - 1) < 0.01
    scene = network.scene
    moving = size(network.moving, scene.foreground, scene.shown)
    assert abs(moving / 46.1e6 - 1) < 0.01
    assert abs(size(network) / 68.2e6 - 1) < 0.01
    assert encoder == (3 * 128 + 128 * 256 + 256 * 512 + 512 * 1024) * 16 + 128 + 2 * (
        256 + 512 + 1024
    )


def test_shapes_on_the_way_from_noise() -> None:
    with torch.device("meta"):
        network = VGANGenerator()
        noise = torch.empty(2, 100)
        assert network.moving(noise[:, :, None, None, None]).shape == (2, 512, 2, 4, 4)
        assert network.still(noise[:, :, None, None]).shape == (2, 512, 4, 4)
        made = network(noise)
    assert made.clip.shape == made.foreground.shape == (2, 3, 32, 64, 64)
    assert made.mask.shape == (2, 1, 32, 64, 64) and made.background.shape == (2, 3, 64, 64)
    widths = [m.out_channels for m in network.scene.foreground if isinstance(m, nn.ConvTranspose3d)]
    assert widths == [256, 128, 64]


def test_shapes_on_the_way_from_a_picture() -> None:
    with torch.device("meta"):
        network = VGANImageGenerator(width=16)
        code = network.encoder(torch.empty(2, 3, 64, 64))
        assert code.shape == (2, 128, 4, 4)
        assert network.moving(code[:, :, None]).shape == (2, 128, 2, 4, 4)
        made = network(torch.empty(2, 3, 64, 64), torch.empty(2, 0))
    assert made.clip.shape == (2, 3, 32, 64, 64)
    with torch.device("meta"):
        assert VGANImageGenerator().encoder(torch.empty(1, 3, 64, 64)).shape == (1, 1024, 4, 4)


@pytest.mark.parametrize(("frames", "side", "channels"), [(8, 24, 1), (16, 48, 3), (1, 32, 3)])
@pytest.mark.parametrize("streams", ["one", "two"])
def test_any_size(frames: int, side: int, channels: int, streams: str) -> None:
    with torch.device("meta"):
        form = (frames, side, channels, 2)
        made = VGANGenerator(*form, 5, 6, 4, streams)(torch.empty(2, 5), torch.empty(2, 6))
        assert made.clip.shape == (2, channels, frames, side, side)
        assert (made.mask is None) == (streams == "one") == (made.background is None)
        network = VGANImageGenerator(*form, 5, 6, 4, streams)
        given = torch.empty(2, channels, side, side)
        again = network(given, torch.empty(2, 5), torch.empty(2, 6))
        assert again.clip.shape == made.clip.shape


def parts() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(2, 3, 4, 8, 8), torch.randn(2, 3, 8, 8)


def test_a_mask_of_1_is_the_foreground_and_of_0_the_background_in_every_frame() -> None:
    foreground, background = parts()
    one = torch.ones(2, 1, 4, 8, 8)
    assert torch.equal(composed(foreground, one, background).clip, foreground)
    still = composed(foreground, 0 * one, background).clip
    for frame in range(4):
        assert torch.equal(still[:, :, frame], background)
    half = composed(foreground, one / 2, background).clip
    torch.testing.assert_close(half, (foreground + background[:, :, None]) / 2)


def tiny(**options: object) -> VGANGenerator:
    torch.manual_seed(0)
    network = VGANGenerator(8, 24, 3, 2, 5, **options).eval()  # type: ignore[arg-type]
    initialise(network, 0.1)
    return network


def test_the_network_s_own_parts_compose_to_its_clip() -> None:
    network, noise = tiny(), torch.randn(2, 5)
    made: Scene = network(noise)
    expected = made.mask * made.foreground + (1 - made.mask) * made.background[:, :, None]
    torch.testing.assert_close(made.clip, expected)
    assert made.mask.min() >= 0 and made.mask.max() <= 1
    for bias, shown in ((100.0, made.foreground), (-100.0, made.background[:, :, None])):
        nn.init.constant_(network.scene.shown.bias[3:], bias)
        torch.testing.assert_close(network(noise).clip, shown.expand(-1, -1, 8, -1, -1))


def test_both_streams_read_noise_and_sentence() -> None:
    network, noise, sentence = tiny(text_dim=4), torch.randn(2, 5), torch.randn(2, 4)
    made = network(noise, sentence)
    for other in (network(noise + 1, sentence), network(noise, sentence + 1)):
        assert (other.foreground - made.foreground).abs().max() > 1e-4
        assert (other.background - made.background).abs().max() > 1e-4
    with pytest.raises(AssertionError, match="told a sentence"):
        network(noise)


def image_network(**options: object) -> VGANImageGenerator:
    torch.manual_seed(0)
    network = VGANImageGenerator(8, 24, 3, 2, **options).eval()  # type: ignore[arg-type]
    initialise(network, 0.1)
    return network


def test_a_picture_has_one_clip_without_noise_and_several_with_it() -> None:
    picture = torch.randn(2, 3, 24, 24)
    network = image_network(noise_dim=3, text_dim=4)
    noise, sentence = torch.randn(2, 3), torch.randn(2, 4)
    made = network(picture, noise, sentence)
    for other in (
        network(picture + 1, noise, sentence),
        network(picture, noise + 1, sentence),
        network(picture, noise, sentence + 1),
    ):
        assert (other.foreground - made.foreground).abs().max() > 1e-5
        assert (other.background - made.background).abs().max() > 1e-5
    plain = image_network()
    assert plain.noise_dim == 0
    assert plain(picture, noise[:, :0]).clip.shape == (2, 3, 8, 24, 24)


@pytest.mark.parametrize("streams", ["one", "two"])
def test_with_skips_a_picture_reaches_the_clip_past_its_smallest_map(streams: str) -> None:
    network = image_network(streams=streams, skips=True)
    picture, noise = torch.randn(2, 3, 24, 24), torch.empty(2, 0)
    nn.init.zeros_(network.encoder[-3].weight)  # the smallest map says nothing
    made, changed = network(picture, noise), picture.clone()
    changed[0, :, 10:14, 10:14] += 1
    found = (network(changed, noise).clip - made.clip).abs().amax((1, 2))
    assert found[0, 10:14, 10:14].any() and not found[0, 0].any() and not found[1].any()
    plain = image_network(streams=streams)
    nn.init.zeros_(plain.encoder[-3].weight)
    assert torch.equal(plain(changed, noise).clip, plain(picture, noise).clip)


def test_pixels_come_from_where_a_place_looks() -> None:
    picture = torch.arange(16.0).view(1, 1, 4, 4)
    come = torch.zeros(1, 2, 3, 4, 4)
    come[:, 0, 1] = 0.5  # one pixel of four to the right is a quarter of the whole side
    come[:, 1, 2] = -0.25  # half a pixel above
    found = pixels_moved(picture, come)[0, 0]
    assert torch.equal(found[0], picture[0, 0])
    assert torch.equal(found[1], picture[0, 0][:, [1, 2, 3, 3]])
    half = (picture[0, 0] + picture[0, 0][[0, 0, 1, 2]]) / 2
    torch.testing.assert_close(found[2], half)


@pytest.mark.parametrize("streams", ["one", "two"])
def test_with_moves_the_foreground_begins_as_the_picture(streams: str) -> None:
    network = image_network(moves=True, streams=streams)
    nn.init.zeros_(network.scene.shown.doubling.weight)
    picture = torch.rand(2, 3, 24, 24)
    made = network(picture, torch.empty(2, 0)).foreground
    torch.testing.assert_close(made, picture[:, :, None].expand_as(made) / 2)  # a share of half
    with pytest.raises(AssertionError, match="hidden"):
        image_network(moves=True, completes="box")


def test_maps_of_the_encoder_are_as_large_and_as_wide_as_what_they_join() -> None:
    with torch.device("meta"):
        plain, skipping = VGANImageGenerator(32), VGANImageGenerator(32, skips=True)
        made = skipping(torch.empty(2, 3, 64, 64), torch.empty(2, 0))
    assert made.clip.shape == (2, 3, 32, 64, 64)
    twice = 512 * 256 + 256 * 128  # of what follows the first and the second doubling
    more = (twice + 128 * 4) * 64 + (twice + 128 * 3) * 16
    assert size(skipping) - size(plain) == more


def test_gradients_reach_the_first_layers() -> None:
    network, still = tiny(), image_network()
    network(torch.randn(2, 5)).clip.square().sum().backward()
    for first in (network.moving[0], network.still[0]):
        assert first.weight.grad.abs().sum() > 0
    still(torch.randn(2, 3, 24, 24), torch.empty(2, 0)).clip.square().sum().backward()
    assert still.encoder[0].weight.grad.abs().sum() > 0


def test_what_is_hidden_is_grey_and_told_as_such() -> None:
    clips = torch.arange(2 * 1 * 2 * 2 * 2, dtype=torch.float32).view(2, 1, 2, 2, 2) + 1
    hidden = torch.zeros(2, 1, 2, 2, 2, dtype=torch.bool)
    hidden[0, :, 1] = True
    given = seen_of(clips, hidden)
    assert given.shape == (2, 4, 2, 2)
    assert torch.equal(given[0, 0], clips[0, 0, 0]) and not given[0, 1].any()
    assert (given[0, 2] == 1).all() and (given[0, 3] == 0).all()
    assert torch.equal(given[1, :2], clips[1, 0])
    network = image_network(completes="box")
    assert network.encoder[0].in_channels == 8 * 4
    whole = torch.randn(2, 3, 8, 24, 24)
    given = seen_of(whole, torch.rand(2, 1, 8, 24, 24) < 0.5)
    assert network(given, torch.empty(2, 0)).clip.shape == whole.shape


def test_fresh_weights_are_those_of_the_release() -> None:
    torch.manual_seed(0)
    network = VGANGenerator(8, 24, 3, 32, 50)
    initialise(network, 0.01)
    for layer in network.modules():
        if isinstance(layer, nn.modules.conv._ConvNd) and layer.weight.numel() > 20_000:
            assert abs(layer.weight.std().item() - 0.01) < 5e-4
        if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d):
            assert abs(layer.weight.mean().item() - 1) < 0.01 and not layer.bias.any()
    assert not network.scene.shown.bias.any()
