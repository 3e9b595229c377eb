from __future__ import annotations

import pytest
import torch

from experiments.config.build import build
from experiments.config.compose import compose, plain
from experiments.discriminator.attngan import (
    AttnGANDiscriminator,
    Cap,
    StageDiscriminator,
    trunk_factors,
)


@pytest.mark.parametrize(
    ("resolution", "width", "cap", "published"),
    [
        (64, 64, 16, 6_313_730),
        (128, 64, 16, 19_424_002),
        (256, 64, 16, 71_858_946),
        (64, 96, 16, 13_304_450),
        (128, 96, 16, 42_800_258),
        (256, 96, 16, 160_774_274),
        (64, 32, 16, 1_878_914),
        (128, 32, 16, 5_157_250),
        (256, 32, "double", 18_267_522),
        (512, 64, "double", 281_586_434),
        (512, 64, 32, 138_971_906),
        (512, 64, 16, 52_982_530),
        (512, 32, "double", 70_702_466),
        (512, 32, 16, 13_547_906),
        (512, 8, 16, 960_098),
    ],
)
def test_parameter_counts_are_the_published_ones(
    resolution: int, width: int, cap: Cap, published: int
) -> None:
    with torch.device("meta"):
        network = StageDiscriminator(resolution, width=width, cap=cap)
    assert sum(p.numel() for p in network.parameters()) == published


@pytest.mark.parametrize(
    ("resolution", "cap", "down", "reduce"),
    [
        (8, 16, [8], []),
        (16, 16, [4, 8], []),
        (64, 16, [1, 2, 4, 8], []),
        (256, 8, [1, 2, 4, 8, 16, 32], [16, 8]),
        (512, 16, [1, 2, 4, 8, 16, 16, 16], [8]),
        (512, 32, [1, 2, 4, 8, 16, 32, 32], [16, 8]),
        (512, "double", [1, 2, 4, 8, 16, 32, 64], [32, 16, 8]),
        (512, 8, [1, 2, 4, 8, 8, 8, 8], []),
    ],
)
def test_widths(resolution: int, cap: Cap, down: list[int], reduce: list[int]) -> None:
    assert trunk_factors(resolution, cap) == (down, reduce)


@pytest.mark.parametrize(("resolution", "cap"), [(4, 16), (48, 16), (64, 4), (64, "half")])
def test_impossible_sizes_are_refused(resolution: int, cap: Cap) -> None:
    with pytest.raises(AssertionError, match=r"resolution|cap"):
        trunk_factors(resolution, cap)


@pytest.mark.parametrize("resolution", [8, 16, 32, 64, 128])
@pytest.mark.parametrize("unconditional", [True, False])
def test_shapes(resolution: int, unconditional: bool) -> None:
    network = StageDiscriminator(resolution, width=2, text_dim=5, unconditional=unconditional)
    images, sentence = torch.randn(3, 3, resolution, resolution), torch.randn(3, 5)
    assert network.trunk(images).shape == (3, 16, 4, 4)
    conditional, alone = network(images, sentence)
    assert conditional.shape == (3,)
    assert (alone is not None and alone.shape == (3,)) if unconditional else alone is None


def test_a_trunk_shared_by_two_sentences_equals_two_passes() -> None:
    torch.manual_seed(0)
    network = AttnGANDiscriminator([8, 16], width=2, text_dim=5)
    images = [torch.randn(4, 3, r, r) for r in (8, 16)]
    right, wrong = torch.randn(4, 5), torch.randn(4, 5)
    (features,) = network.trunks([images])
    found = network.heads([features, features], [right, wrong])
    torch.testing.assert_close(found, [network(images, right), network(images, wrong)])


def test_only_the_conditional_head_sees_the_sentence() -> None:
    torch.manual_seed(0)
    network = StageDiscriminator(16, width=2, text_dim=5).eval()
    images, sentence = torch.randn(2, 3, 16, 16), torch.randn(2, 5)
    conditional, alone = network(images, sentence)
    conditional2, alone2 = network(images, sentence + 1)
    torch.testing.assert_close(alone, alone2, rtol=0, atol=0)
    assert not torch.allclose(conditional, conditional2)


def test_a_fourth_stage_leaves_the_published_three_as_they_are() -> None:
    with torch.device("meta"):
        three = AttnGANDiscriminator([64, 128, 256])
        four = AttnGANDiscriminator([64, 128, 256, 512])
    shapes = {name: value.shape for name, value in four.state_dict().items()}
    assert {
        name: value.shape for name, value in three.state_dict().items()
    }.items() <= shapes.items()
    counts = [sum(p.numel() for p in stage.parameters()) for stage in four.stages]
    assert counts == [6_313_730, 19_424_002, 71_858_946, 52_982_530]


@pytest.mark.parametrize(
    ("model", "counts"),
    [
        ("attngan", [6_313_730, 19_424_002, 71_858_946]),
        ("attngan_4stage", [6_313_730, 19_424_002, 71_858_946, 52_982_530]),
    ],
)
def test_the_recipes_for_cub_have_the_published_counts(model: str, counts: list[int]) -> None:
    config = plain(compose([f"model={model}", "data=cub", "data.root=cub"]))
    with torch.device("meta"):
        network = build(config["discriminator"])
    assert [sum(p.numel() for p in stage.parameters()) for stage in network.stages] == counts


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_gradients_reach_every_parameter_and_the_images(norm: str) -> None:
    torch.manual_seed(0)
    network = AttnGANDiscriminator([16, 128], width=2, text_dim=5, norm=norm)  # type: ignore[arg-type]
    images = [torch.randn(3, 3, r, r, requires_grad=True) for r in (16, 128)]
    for conditional, alone in network(images, torch.randn(3, 5)):
        assert alone is not None
        (conditional.square().sum() + alone.square().sum()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
    assert all(x.grad is not None and x.grad.abs().sum() > 0 for x in images)


def test_group_norm_keeps_samples_apart() -> None:
    torch.manual_seed(0)
    network = StageDiscriminator(16, width=4, text_dim=5, norm="group")
    images, sentence = torch.randn(3, 3, 16, 16), torch.randn(3, 5)
    torch.testing.assert_close(
        network(images, sentence)[0][:1], network(images[:1], sentence[:1])[0]
    )


def test_bfloat16_and_batch_of_one() -> None:
    torch.manual_seed(0)
    network = StageDiscriminator(32, width=2, text_dim=5).eval()
    images, sentence = torch.randn(1, 3, 32, 32), torch.randn(1, 5)
    exact, _ = network(images, sentence)
    with torch.autocast("cpu", torch.bfloat16):
        rounded, _ = network(images, sentence)
    torch.testing.assert_close(rounded.float(), exact, rtol=0.1, atol=0.1)
