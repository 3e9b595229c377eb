"""Files of AttnGAN that do not fit: one line, with the name of the tensor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from released_files import converted
from released_networks import WORDS, State, attngan_shapes, random_state, text_shapes
from torch import Tensor

from experiments.terminal.error import UserError

SMALL: dict[str, Any] = {"width": 2, "noise": 5, "condition": 6, "text": 8}


def small_text() -> State:
    return random_state(text_shapes(dim=8, embedding=6))


def refusal(folder: Path, *states: State, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        converted(folder, *states, data="plumage", **options)
    (line,) = str(caught.value).splitlines()
    return line.replace(f"{folder}/", "")


def changed(state: State, name: str, value: Tensor | None) -> State:
    rest = {key: tensor for key, tensor in state.items() if key != name}
    return rest if value is None else rest | {name: value}


@pytest.mark.parametrize(
    ("name", "shape", "line"),
    [
        ("ca_net.fc.weight", None, "is missing; is this the generator of AttnGAN?"),
        ("ca_net.fc.weight", (24,), "is 24, expected 2 axes"),
        ("ca_net.fc.weight", (3, 8), "is 3 x 8, expected a multiple of 4 rows"),
        ("ca_net.fc.weight", (25, 8), "is 25 x 8, expected 24 x 8"),
        ("ca_net.fc.bias", (23,), "is 23, expected 24"),
        (
            "h_net1.fc.0.weight",
            (1024, 6),
            "is 1024 x 6, expected more columns than the 6 numbers of the condition: the noise "
            "follows them",
        ),
        ("h_net1.fc.0.weight", (500, 11), "is 500 x 11, expected a multiple of 512 rows"),
        ("h_net1.upsample1.1.weight", None, "is missing"),
        ("h_net1.upsample2.2.running_var", (9,), "is 9, expected 16"),
        ("h_net2.att.conv_context.weight", (2, 8), "is 2 x 8, expected 2 x 8 x 1 x 1"),
        ("h_net3.residual.1.block.3.weight", None, "is missing, expected 4 x 4 x 3 x 3"),
        ("h_net3.upsample.1.weight", (4, 4, 5, 5), "is 4 x 4 x 5 x 5, expected 4 x 4 x 3 x 3"),
        ("img_net2.img.0.weight", (1, 2, 3, 3), "is 1 x 2 x 3 x 3, expected 3 x 2 x 3 x 3"),
        ("img_net1.img.0.weight", None, "is missing"),
        ("h_net3.unheard.weight", (2,), "is not known"),
        (
            "img_net.img.0.weight",
            (3, 2, 3, 3),
            "is not known: AttnDCGAN draws the last stage alone and is not converted",
        ),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(
    tmp_path: Path, name: str, shape: tuple[int, ...] | None, line: str
) -> None:
    state = random_state(attngan_shapes(**SMALL))
    state = changed(state, name, None if shape is None else torch.ones(shape))
    assert refusal(tmp_path, state, small_text()) == f"generator.pth: {name} {line}"


def test_all_that_does_not_fit_is_counted(tmp_path: Path) -> None:
    shapes = attngan_shapes(**SMALL) | {"h_net3.upsample.2.bias": (5,), "x": (1,)}
    line = refusal(tmp_path, random_state(shapes), small_text())
    assert line.endswith("h_net3.upsample.2.bias is 5, expected 4 (and 1 more that does not fit)")


def test_values_that_are_no_weights_are_refused(tmp_path: Path) -> None:
    state, name = random_state(attngan_shapes(**SMALL)), "h_net1.fc.1.bias"
    line = refusal(tmp_path, changed(state, name, torch.full((1024,), torch.nan)), small_text())
    assert line == f"generator.pth: {name} holds values that are not finite"
    whole = torch.ones(1024, dtype=torch.int64)
    line = refusal(tmp_path, changed(state, name, whole), small_text())
    assert line == f"generator.pth: {name} is of torch.int64, expected torch.float32"


@pytest.mark.parametrize(
    ("name", "shape", "line"),
    [
        ("encoder.weight", None, "is missing; is this AttnGAN's text encoder?"),
        ("rnn.weight_ih_l0_reverse", None, "is missing, expected 16 x 6"),
        ("rnn.bias_hh_l0", (12,), "is 12, expected 16"),
        ("rnn.weight_hh_l0", (12, 4), "is 12 x 4, expected 16 x 4"),  # of a GRU
        ("rnn.weight_ih_l1", (16, 8), "is not known"),  # of two layers
    ],
)
def test_a_text_encoder_that_does_not_fit_is_named(
    tmp_path: Path, name: str, shape: tuple[int, ...] | None, line: str
) -> None:
    text = changed(small_text(), name, None if shape is None else torch.ones(shape))
    pictures = random_state(attngan_shapes(**SMALL))
    assert refusal(tmp_path, pictures, text) == f"text_encoder.pth: {name} {line}"


def test_another_vocabulary_is_refused(tmp_path: Path) -> None:
    pictures = random_state(attngan_shapes(**SMALL))
    line = refusal(tmp_path, pictures, small_text(), words=[*WORDS, "zebra"])
    assert line == (
        "text_encoder.pth: encoder.weight has 9 words, and captions.pickle has 10; take the "
        "captions.pickle that the encoder was trained with"
    )
    line = refusal(tmp_path, pictures, small_text(), words=[*WORDS[1:], "<end>"])
    assert "index 0 is 'a' and not '<end>'" in line


def test_a_text_encoder_of_another_width_is_refused(tmp_path: Path) -> None:
    pictures = attngan_shapes(**SMALL | {"text": 12})
    assert refusal(tmp_path, random_state(pictures), small_text()) == (
        "generator.pth: ca_net.fc.weight reads sentences of 12 numbers, and text_encoder.pth gives "
        "8"
    )
