"""Networks of the authors in the wrong place: each is named, and where it belongs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from released_files import save_captions
from released_networks import (
    Shapes,
    attngan_shapes,
    random_state,
    stackgan_v2_shapes,
    text_shapes,
)

from experiments.convert.attngan import convert_attngan
from experiments.convert.stackgan_v2 import convert_stackgan_v2
from experiments.terminal.error import UserError

SMALL: dict[str, Any] = {"width": 4, "noise": 5, "condition": 6, "text": 8}
IMAGE_ENCODER: Shapes = {
    "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
    "emb_features.weight": (256, 768, 1, 1),
    "emb_cnn_code.weight": (256, 2048),
    "emb_cnn_code.bias": (256,),
}
FILES: dict[str, Shapes] = {
    "AttnGAN's generator": attngan_shapes(**SMALL),
    "StackGAN-v2's generator": stackgan_v2_shapes(**SMALL),
    "AttnGAN's text encoder": text_shapes(dim=8, embedding=6),
    "DAMSM's image encoder": IMAGE_ENCODER,
    "a discriminator of AttnGAN or StackGAN-v2": {"img_code_s16.0.weight": (2, 3, 4, 4)},
    "a first stage of StackGAN's PyTorch port": {
        "ca_net.fc.weight": (12, 8),
        "fc.0.weight": (512, 11),
        "upsample1.1.weight": (16, 32, 3, 3),
        "img.0.weight": (3, 2, 3, 3),
    },
    "a second stage of StackGAN's PyTorch port": {
        "STAGE1_G.fc.0.weight": (512, 11),
        "hr_joint.0.weight": (8, 14, 3, 3),
    },
    "a discriminator of StackGAN's PyTorch port": {"encode_img.0.weight": (2, 3, 4, 4)},
}
REMEDIES = {
    "AttnGAN's generator": "give it to python -m experiments.convert attngan --generator",
    "StackGAN-v2's generator": "give it to python -m experiments.convert stackgan_v2 --generator",
    "AttnGAN's text encoder": "give it to python -m experiments.convert attngan --text-encoder",
    "DAMSM's image encoder": "give it as --image-encoder; the text encoder was released beside it, "
    "as text_encoder*.pth",
    "a discriminator of AttnGAN or StackGAN-v2": "give the generator, netG*.pth or *AttnGAN2.pth; "
    "discriminators are not converted",
}


def refusal(folder: Path, place: str, what: str) -> str:
    """Of the file `what` in the place of a converter's file."""
    torch.save(random_state(FILES[what]), folder / "file.pth")
    with pytest.raises(UserError) as caught:
        if place == "StackGAN-v2's generator":
            convert_stackgan_v2(folder / "file.pth", "plumage")
        else:
            paths = {}
            for name in ("AttnGAN's generator", "AttnGAN's text encoder"):
                paths[name] = folder / f"{len(paths)}.pth"
                torch.save(random_state(FILES[name]), paths[name])
            paths[place] = folder / "file.pth"
            captions = save_captions(folder / "captions.pickle")
            convert_attngan(*paths.values(), captions, "plumage")
    (line,) = str(caught.value).splitlines()
    return line.removeprefix(f"{folder}/")


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize(
    "place", ["AttnGAN's generator", "AttnGAN's text encoder", "StackGAN-v2's generator"]
)
def test_a_network_in_the_wrong_place(tmp_path: Path, place: str, what: str) -> None:
    if what == place:
        return
    remedy = REMEDIES.get(what, "only StackGAN-v2 and AttnGAN are converted")
    assert refusal(tmp_path, place, what) == f"file.pth: is {what}, not {place}; {remedy}"


@pytest.mark.parametrize("missing", ["img_net3", "h_net3"])
def test_a_wrong_number_of_stages(tmp_path: Path, missing: str) -> None:
    shapes = stackgan_v2_shapes(**SMALL)
    rest = {name: shape for name, shape in shapes.items() if not name.startswith(f"{missing}.")}
    torch.save(random_state(rest), tmp_path / "file.pth")
    with pytest.raises(UserError) as caught:
        convert_stackgan_v2(tmp_path / "file.pth", "plumage")
    maps, pictures = (3, 2) if missing == "img_net3" else (2, 3)
    assert str(caught.value) == (
        f"{tmp_path}/file.pth: has maps of {maps} stages (h_net1 ...) and pictures of {pictures} "
        "(img_net1 ...): a part is missing, or it was saved with another TREE.BRANCH_NUM; take the "
        "file as its training wrote it"
    )
