"""The released image encoder: its names and shapes, and that it sees what it saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from released_files import converted
from released_networks import (
    State,
    attngan_shapes,
    image_shapes,
    parameters,
    random_state,
    text_shapes,
)

from experiments.config.build import build
from experiments.convert.run import Conversion
from experiments.terminal.error import UserError

DIM = 8
SMALL: dict[str, Any] = {"width": 2, "noise": 5, "condition": 6, "text": DIM, "stages": 1}


def convert(folder: Path, image: State) -> Conversion:
    pictures = random_state(attngan_shapes(**SMALL))
    text = random_state(text_shapes(dim=DIM, embedding=6))
    return converted(folder, pictures, text, data="plumage", image=image)


@pytest.fixture(scope="module")
def image() -> State:
    return random_state(image_shapes(DIM))


@pytest.fixture(scope="module")
def found(image: State, tmp_path_factory: pytest.TempPathFactory) -> Conversion:
    return convert(tmp_path_factory.mktemp("released"), image)


def test_the_layout_is_the_published_one() -> None:
    assert parameters(image_shapes()) == 21_785_568 + 196_608 + 524_544
    assert len([name for name in image_shapes() if name.endswith("conv.weight")]) == 94


def test_every_tensor_has_its_place(found: Conversion, image: State) -> None:
    node, export = found.config["encoder"], found.export["encoder"]
    assert node["image"]["_target_"].endswith("InceptionV3") and node["image"]["weights"] is None
    assert found.config["loss"]["damsm"]["stages"] == [-1], "there is something to judge with"
    assert set(found.sources) == {"generator", "text_encoder", "image_encoder"}
    name = "Mixed_6e.branch7x7dbl_3.bn.running_var"
    assert torch.equal(export[f"image.{name}"], image[name]), "as it drifted"
    assert torch.equal(export["region_head.weight"], image["emb_features.weight"].squeeze(3))
    assert torch.equal(export["vector_head.bias"], image["emb_cnn_code.bias"])


def test_the_encoder_sees_what_the_released_one_saw(found: Conversion, image: State) -> None:
    """The first layer and both heads by hand, under the released names."""
    encoder: Any = build(found.config["encoder"], found.facts)
    encoder.load_state_dict(found.export["encoder"])
    encoder.eval()
    assert encoder.image.input_size == 299
    encoder.image.input_size = 75  # quick
    pictures = torch.rand(2, 3, 75, 75) * 2 - 1
    norm = {
        part: image[f"Conv2d_1a_3x3.bn.{part}"]
        for part in ("running_mean", "running_var", "weight", "bias")
    }
    with torch.no_grad():
        regions, vector = encoder.encode_image(pictures)
        last_but, last = encoder.image.maps(pictures)
        first = encoder.image.Conv2d_1a_3x3(pictures)
    assert last.std() > 0.1, "says something"
    drawn = F.conv2d(pictures, image["Conv2d_1a_3x3.conv.weight"], stride=2)
    torch.testing.assert_close(first, F.batch_norm(drawn, **norm, eps=1e-3).relu())
    expected = F.conv2d(last_but, image["emb_features.weight"]).flatten(2)
    torch.testing.assert_close(regions, expected, rtol=1e-4, atol=1e-4)
    pooled = F.linear(last.mean((2, 3)), image["emb_cnn_code.weight"], image["emb_cnn_code.bias"])
    torch.testing.assert_close(vector, pooled, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"emb_features.weight": torch.ones(16, 768, 1, 1)}, "makes 16 numbers of 768, expected 8"),
        ({"emb_features.weight": None}, "is this AttnGAN's image encoder"),
        ({"Mixed_6e.branch1x1.bn.weight": None}, "Mixed_6e.branch1x1.bn.weight is missing"),
        ({"fc.weight": torch.ones(2)}, "fc.weight is not known"),
    ],
)
def test_what_does_not_fit_is_refused(
    change: dict[str, Any], said: str, image: State, tmp_path: Path
) -> None:
    state = {name: value for name, value in (image | change).items() if value is not None}
    with pytest.raises(UserError, match=r"image_encoder\.pth: ") as error:
        convert(tmp_path, state)
    assert said in str(error.value)
