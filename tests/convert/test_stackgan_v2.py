"""StackGAN-v2's released names and shapes, and that a converted generator computes the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from released_files import save_as_in_2018
from released_networks import (
    Shapes,
    parameters,
    random_state,
    stackgan_v2_images,
    stackgan_v2_shapes,
)

from experiments.config.build import build
from experiments.convert.stackgan_v2 import convert_stackgan_v2
from experiments.terminal.error import UserError

SMALL: dict[str, Any] = {"width": 4, "noise": 5, "condition": 6, "text": 7}


def refusal(folder: Path, shapes: Shapes) -> str:
    torch.save(random_state(shapes), folder / "netG.pth")
    with pytest.raises(UserError) as caught:
        convert_stackgan_v2(folder / "netG.pth", "plumage")
    (line,) = str(caught.value).splitlines()
    return line.replace(f"{folder}/", "")


def test_the_published_width_is_found(tmp_path: Path) -> None:
    shapes = stackgan_v2_shapes()
    assert parameters(shapes) == 21_239_696
    state = {f"module.{name}": torch.zeros(shape) for name, shape in shapes.items()}
    torch.save(state, tmp_path / "netG_210000.pth")
    found = convert_stackgan_v2(tmp_path / "netG_210000.pth")
    node = found.config["generator"]
    assert (node["width"], node["residual_blocks"], node["text_dim"]) == (64, 2, 1024)
    assert (node["noise_dim"], node["condition_dim"]) == (100, 128)
    assert node["resolutions"] == [64, 128, 256]
    assert found.choices["model"] == "stackgan_v2" and found.choices["data"] == "cub"


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_the_generator_draws_the_same_pictures(tmp_path: Path, stages: int) -> None:
    state = random_state(stackgan_v2_shapes(stages=stages, **SMALL))
    parallel = {f"module.{name}": tensor for name, tensor in state.items()}
    path = save_as_in_2018(parallel, tmp_path / "netG.pth")
    found = convert_stackgan_v2(path, "plumage")
    generator = build(found.config["generator"]).eval()
    generator.load_state_dict(found.export["generator"])
    torch.manual_seed(1)
    given = torch.randn(3, 5), torch.randn(3, 6), torch.randn(3, 7)
    expected = stackgan_v2_images(state, *given)
    made = generator(*given).images
    assert [image.shape[-1] for image in made] == [64, 128, 256][:stages]
    for image, picture in zip(made, expected, strict=True):
        assert image.std() > 0.1 and image.abs().quantile(0.5) < 0.95, "says something"
        torch.testing.assert_close(image, picture, rtol=0, atol=1e-5)


def test_a_fourth_stage_has_one_residual_block(tmp_path: Path) -> None:
    """As the released code builds it, untested: where the others have R_NUM."""
    shapes = stackgan_v2_shapes(**SMALL | {"width": 8}, stages=4)
    shapes = {name: s for name, s in shapes.items() if not name.startswith("h_net4.residual.1.")}
    state = random_state(shapes)
    torch.save(state, tmp_path / "netG.pth")
    found = convert_stackgan_v2(tmp_path / "netG.pth", "plumage")
    assert found.config["generator"]["residual_blocks"] == [2, 2, 1]
    assert "4 stages (published are 3) up to 512 px" in found.about
    generator = build(found.config["generator"])
    generator.load_state_dict(found.export["generator"])
    assert sum(p.numel() for p in generator.parameters()) == parameters(shapes)


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    shapes = stackgan_v2_shapes(**SMALL)
    without = {name: shape for name, shape in shapes.items() if not name.startswith("ca_net")}
    assert refusal(tmp_path, without) == (
        "netG.pth: ca_net.fc.weight is missing: generators without text (LSUN, ImageNet) are not "
        "converted"
    )
    line = refusal(tmp_path, shapes | {"h_net2.jointConv.0.weight": (8, 9, 3, 3)})
    assert line == "netG.pth: h_net2.jointConv.0.weight is 8 x 9 x 3 x 3, expected 8 x 10 x 3 x 3"
    line = refusal(tmp_path, shapes | {"h_net4.jointConv.0.weight": (2, 7, 3, 3)})
    assert line == "netG.pth: h_net4.jointConv.0.weight is not known"
