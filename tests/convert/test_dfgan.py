"""DF-GAN's released checkpoint: its names and shapes, and that what is converted draws the same."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from released_files import save_captions
from released_networks import WORDS, Shapes, State, parameters, random_state, text_shapes
from torch import Tensor

from experiments.config.build import build
from experiments.convert.attngan import convert_attngan
from experiments.convert.dfgan import convert_dfgan
from experiments.convert.run import Conversion
from experiments.terminal.error import UserError

TEXT = 256


def _linear(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _conv(name: str, inputs: int, outputs: int, kernel: int, bias: bool = True) -> Shapes:
    weight: Shapes = {f"{name}.weight": (outputs, inputs, kernel, kernel)}
    return weight | ({f"{name}.bias": (outputs,)} if bias else {})


def _widths(side: int, nf: int) -> list[int]:
    return [nf * min(2**i, 8) for i in range(side.bit_length() - 2)]


def net_g(side: int = 256, nf: int = 32, noise: int = 100, text: int = TEXT) -> Shapes:
    widths = _widths(side, nf)[::-1]
    shapes = _linear("fc", noise, 8 * nf * 16)
    for i, (inputs, outputs) in enumerate(pairwise(widths)):
        block = f"GBlocks.{i}"
        shapes |= _conv(f"{block}.c1", inputs, outputs, 3) | _conv(
            f"{block}.c2", outputs, outputs, 3
        )
        for fuse, c in (("fuse1", inputs), ("fuse2", outputs)):
            for affine in ("affine0", "affine1"):
                for part in ("fc_gamma", "fc_beta"):
                    name = f"{block}.{fuse}.{affine}.{part}"
                    shapes |= _linear(f"{name}.linear1", noise + text, c)
                    shapes |= _linear(f"{name}.linear2", c, c)
        if inputs != outputs:
            shapes |= _conv(f"{block}.c_sc", inputs, outputs, 1)
    return shapes | _conv("to_rgb.1", nf, 3, 3)


def net_d(side: int = 256, nf: int = 32) -> Shapes:
    widths, shapes = _widths(side, nf), _conv("conv_img", 3, nf, 3)
    for i, (inputs, outputs) in enumerate(pairwise(widths)):
        block = f"DBlocks.{i}"
        shapes |= _conv(f"{block}.conv_r.0", inputs, outputs, 4, bias=False)
        shapes |= _conv(f"{block}.conv_r.2", outputs, outputs, 3, bias=False)
        shapes |= _conv(f"{block}.conv_s", inputs, outputs, 1)  # used where widths differ alone
        shapes[f"{block}.gamma"] = (1,)
    return shapes


def net_c(nf: int = 32, text: int = TEXT) -> Shapes:
    joint = _conv("joint_conv.0", 8 * nf + text, 2 * nf, 3, bias=False)
    return joint | _conv("joint_conv.2", 2 * nf, 1, 4, bias=False)


def images(state: State, noise: Tensor, sentence: Tensor) -> Tensor:
    """What the release computes, by its names."""
    y = torch.cat((noise, sentence), 1)

    def linear(name: str, x: Tensor) -> Tensor:
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    def conv(name: str, x: Tensor, padding: int = 1) -> Tensor:
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=padding)

    def fused(name: str, x: Tensor) -> Tensor:
        for affine in ("affine0", "affine1"):
            gamma, beta = (
                linear(f"{name}.{affine}.{part}.linear2", hidden)[:, :, None, None]
                for part in ("fc_gamma", "fc_beta")
                for hidden in [linear(f"{name}.{affine}.{part}.linear1", y).clamp(min=0)]
            )
            x = F.leaky_relu(gamma * x + beta, 0.2)
        return x

    h = linear("fc", noise).reshape(len(noise), -1, 4, 4)
    block = 0
    while f"GBlocks.{block}.c1.weight" in state:
        name = f"GBlocks.{block}"
        h = h.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        residual = conv(f"{name}.c1", fused(f"{name}.fuse1", h))
        residual = conv(f"{name}.c2", fused(f"{name}.fuse2", residual))
        shortcut = conv(f"{name}.c_sc", h, 0) if f"{name}.c_sc.weight" in state else h
        h, block = shortcut + residual, block + 1
    return conv("to_rgb.1", F.leaky_relu(h, 0.2)).tanh()


def save(folder: Path, generator: State, parallel: bool = False, **other: Any) -> Path:
    """A checkpoint as training writes it."""
    before = "module." if parallel else ""
    networks: dict[str, State] = {"netG": generator}
    networks |= {"netD": random_state(net_d(32, 2)), "netC": random_state(net_c(2))}
    named = {
        name: {before + key: value for key, value in state.items()}
        for name, state in networks.items()
    }
    adam = torch.optim.Adam([torch.nn.Parameter(torch.zeros(2))]).state_dict()
    optimizers = {"optimizer_G": adam, "optimizer_D": adam}
    content = {"model": named, "optimizers": optimizers, "epoch": 1220, **other}
    torch.save(content, folder / "state_epoch_1220.pth")
    return folder / "state_epoch_1220.pth"


def converted(folder: Path, path: Path, **options: Any) -> Conversion:
    torch.save(random_state(text_shapes()), folder / "text_encoder200.pth")
    captions = save_captions(folder / "captions_DAMSM.pickle")
    return convert_dfgan(path, folder / "text_encoder200.pth", captions, **options)


def test_the_released_shapes_are_as_many_numbers_as_counted() -> None:
    assert parameters(net_g()) == 9_744_131
    assert parameters(net_d()) == 6_619_206 and parameters(net_c()) == 295_936


def test_the_published_width_is_found(tmp_path: Path) -> None:
    state = {name: torch.zeros(shape) for name, shape in net_g().items()}
    found = converted(tmp_path, save(tmp_path, state, parallel=True))
    node = found.config["generator"]
    assert (node["resolutions"], node["width"], node["noise_dim"]) == ([256], 32, 100)
    assert found.choices["model"] == "dfgan" and found.choices["data"] == "cub"
    assert found.config["data"]["max_words"] == 18
    assert "DF-GAN: 256 px, width 32, noise 100, text 256; 9 words" in found.about


@pytest.mark.parametrize("whole", [True, False])
def test_the_generator_draws_the_same_pictures(tmp_path: Path, whole: bool) -> None:
    state = random_state(net_g(64, 4, 7))
    path = save(tmp_path, state, parallel=whole)
    if not whole:  # netG alone
        torch.save(state, path)
    found = converted(tmp_path, path, data="plumage")
    generator = build(found.config["generator"]).eval()
    generator.load_state_dict(found.export["generator"])
    torch.manual_seed(1)
    noise, sentence = torch.randn(3, 7), torch.randn(3, TEXT)
    expected = images(state, noise, sentence)
    (image,) = generator(noise, noise[:, :0], sentence).images
    assert image.shape == (3, 3, 64, 64) and image.std() > 0.1
    torch.testing.assert_close(image, expected, rtol=0, atol=1e-5)


def refusal(folder: Path, state: State) -> str:
    with pytest.raises(UserError) as caught:
        converted(folder, save(folder, state), data="plumage")
    (line,) = str(caught.value).splitlines()
    return line.replace(f"{folder}/", "")


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    shapes = net_g(32, 2, 5)
    line = refusal(tmp_path, random_state(shapes | {"GBlocks.1.c2.weight": (8, 8, 1, 1)}))
    assert line.endswith("GBlocks.1.c2.weight is 8 x 8 x 1 x 1, expected 4 x 4 x 3 x 3")
    without = {name: shape for name, shape in shapes.items() if not name.startswith("to_rgb")}
    line = refusal(tmp_path, random_state(without))
    assert line.endswith("to_rgb.1.weight is missing; is this DF-GAN's checkpoint?")
    line = refusal(tmp_path, random_state(net_g(32, 2, 5, text=64)))
    assert "sentences of 64, and text_encoder200.pth gives 256" in line
    line = refusal(tmp_path, random_state(net_d(32, 2)))
    assert "is DF-GAN's discriminator, not DF-GAN's generator; give the checkpoint whole" in line


def test_another_method_says_where_it_belongs(tmp_path: Path) -> None:
    torch.save(random_state(net_g(32, 2, 5)), tmp_path / "netG.pth")
    torch.save(random_state(text_shapes(len(WORDS))), tmp_path / "text_encoder200.pth")
    captions = save_captions(tmp_path / "captions.pickle")
    with pytest.raises(UserError, match=r"is DF-GAN's generator.*convert dfgan --generator"):
        convert_attngan(tmp_path / "netG.pth", tmp_path / "text_encoder200.pth", captions)
