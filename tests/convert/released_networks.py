"""The released networks as names and shapes, and what they compute, written down a second time.

Names and shapes are facts of the authors' repositories (AttnGAN and StackGAN-v2, `code/model.py`);
the forward passes take a state dict by these names and use nothing of this project.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

State = dict[str, Tensor]
Shapes = dict[str, tuple[int, ...]]
NORM = ("weight", "bias", "running_mean", "running_var")
WORDS = ["<end>", "a", "bird", "blue", "crown", "red", "small", "with", "yellow"]


# Names and shapes


def _norm(name: str, channels: int) -> Shapes:
    return {f"{name}.{part}": (channels,) for part in NORM}


def _up(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.1.weight": (2 * outputs, inputs, 3, 3)} | _norm(f"{name}.2", 2 * outputs)


def _residual(name: str, channels: int) -> Shapes:
    return (
        {f"{name}.block.0.weight": (2 * channels, channels, 3, 3)}
        | _norm(f"{name}.block.1", 2 * channels)
        | {f"{name}.block.3.weight": (channels, channels, 3, 3)}
        | _norm(f"{name}.block.4", channels)
    )


def _first(width: int, noise: int, condition: int, text: int) -> Shapes:
    shapes: Shapes = {"ca_net.fc.weight": (4 * condition, text), "ca_net.fc.bias": (4 * condition,)}
    shapes["h_net1.fc.0.weight"] = (16 * width * 32, condition + noise)
    shapes |= _norm("h_net1.fc.1", 16 * width * 32)
    for up in range(4):
        shapes |= _up(f"h_net1.upsample{up + 1}", 16 * width >> up, 8 * width >> up)
    return shapes | {"img_net1.img.0.weight": (3, width, 3, 3)}


def attngan_shapes(
    width: int = 32,
    blocks: int = 2,
    stages: int = 3,
    noise: int = 100,
    condition: int = 100,
    text: int = 256,
) -> Shapes:
    shapes = _first(width, noise, condition, text)
    for stage in range(2, stages + 1):
        shapes[f"h_net{stage}.att.conv_context.weight"] = (width, text, 1, 1)
        for block in range(blocks):
            shapes |= _residual(f"h_net{stage}.residual.{block}", 2 * width)
        shapes |= _up(f"h_net{stage}.upsample", 2 * width, width)
        shapes[f"img_net{stage}.img.0.weight"] = (3, width, 3, 3)
    return shapes


def stackgan_v2_shapes(
    width: int = 64,
    blocks: int = 2,
    stages: int = 3,
    noise: int = 100,
    condition: int = 128,
    text: int = 1024,
) -> Shapes:
    shapes = _first(width, noise, condition, text)
    for stage in range(2, stages + 1):
        shapes[f"h_net{stage}.jointConv.0.weight"] = (2 * width, width + condition, 3, 3)
        shapes |= _norm(f"h_net{stage}.jointConv.1", 2 * width)
        for block in range(blocks):
            shapes |= _residual(f"h_net{stage}.residual.{block}", width)
        shapes |= _up(f"h_net{stage}.upsample", width, width // 2)
        width //= 2
        shapes[f"img_net{stage}.img.0.weight"] = (3, width, 3, 3)
    return shapes


def text_shapes(words: int = len(WORDS), dim: int = 256, embedding: int = 300) -> Shapes:
    hidden = dim // 2
    shapes: Shapes = {"encoder.weight": (words, embedding)}
    for end in ("", "_reverse"):
        shapes[f"rnn.weight_ih_l0{end}"] = (4 * hidden, embedding)
        shapes[f"rnn.weight_hh_l0{end}"] = (4 * hidden, hidden)
        shapes[f"rnn.bias_ih_l0{end}"] = shapes[f"rnn.bias_hh_l0{end}"] = (4 * hidden,)
    return shapes


def image_shapes(dim: int = 256) -> Shapes:
    """`CNN_ENCODER`: Inception-v3 of torchvision without its classifiers, and two heads."""
    shapes: Shapes = {}

    def conv(name: str, outputs: int, inputs: int, height: int, width: int | None = None) -> None:
        shapes[f"{name}.conv.weight"] = (outputs, inputs, height, width or height)
        shapes.update(_norm(f"{name}.bn", outputs))

    def chain(block: str, inputs: int, *steps: tuple[str, int, int, int]) -> None:
        for name, outputs, height, width in steps:
            conv(f"{block}.{name}", outputs, inputs, height, width)
            inputs = outputs

    for name, outputs, inputs, side in (
        ("1a_3x3", 32, 3, 3),
        ("2a_3x3", 32, 32, 3),
        ("2b_3x3", 64, 32, 3),
        ("3b_1x1", 80, 64, 1),
        ("4a_3x3", 192, 80, 3),
    ):
        conv(f"Conv2d_{name}", outputs, inputs, side)
    for letter, inputs, pooled in (("b", 192, 32), ("c", 256, 64), ("d", 288, 64)):
        block = f"Mixed_5{letter}"
        conv(f"{block}.branch1x1", 64, inputs, 1)
        chain(block, inputs, ("branch5x5_1", 48, 1, 1), ("branch5x5_2", 64, 5, 5))
        double = [("branch3x3dbl_1", 64, 1, 1), ("branch3x3dbl_2", 96, 3, 3)]
        chain(block, inputs, *double, ("branch3x3dbl_3", 96, 3, 3))
        conv(f"{block}.branch_pool", pooled, inputs, 1)
    conv("Mixed_6a.branch3x3", 384, 288, 3)
    double = [("branch3x3dbl_1", 64, 1, 1), ("branch3x3dbl_2", 96, 3, 3)]
    chain("Mixed_6a", 288, *double, ("branch3x3dbl_3", 96, 3, 3))
    for letter, middle in (("b", 128), ("c", 160), ("d", 160), ("e", 192)):
        block, name = f"Mixed_6{letter}", "branch7x7"
        conv(f"{block}.branch1x1", 192, 768, 1)
        ends = (f"{name}_1", middle, 1, 1), (f"{name}_2", middle, 1, 7), (f"{name}_3", 192, 7, 1)
        chain(block, 768, *ends)
        sides = ((1, 1), (7, 1), (1, 7), (7, 1), (1, 7))
        widths = [middle] * 4 + [192]
        chain(block, 768, *((f"{name}dbl_{k + 1}", widths[k], *s) for k, s in enumerate(sides)))
        conv(f"{block}.branch_pool", 192, 768, 1)
    chain("Mixed_7a", 768, ("branch3x3_1", 192, 1, 1), ("branch3x3_2", 320, 3, 3))
    last = ((1, 1), (1, 7), (7, 1), (3, 3))
    chain("Mixed_7a", 768, *((f"branch7x7x3_{k + 1}", 192, *s) for k, s in enumerate(last)))
    for letter, inputs in (("b", 1280), ("c", 2048)):
        block = f"Mixed_7{letter}"
        conv(f"{block}.branch1x1", 320, inputs, 1)
        conv(f"{block}.branch3x3_1", 384, inputs, 1)
        chain(block, inputs, ("branch3x3dbl_1", 448, 1, 1), ("branch3x3dbl_2", 384, 3, 3))
        for name in ("branch3x3_2", "branch3x3dbl_3"):
            conv(f"{block}.{name}a", 384, 384, 1, 3)
            conv(f"{block}.{name}b", 384, 384, 3, 1)
        conv(f"{block}.branch_pool", 192, inputs, 1)
    shapes["emb_features.weight"] = (dim, 768, 1, 1)
    return shapes | {"emb_cnn_code.weight": (dim, 2048), "emb_cnn_code.bias": (dim,)}


def random_state(shapes: Shapes, seed: int = 0) -> State:
    """Values with which no activation vanishes or saturates."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in shapes.items():
        value = torch.randn(shape, generator=generator)
        if len(shape) > 1:
            value = value if name == "encoder.weight" else value / value[0].numel() ** 0.5
        elif name.endswith("running_var"):
            value = value.abs() + 0.5
        else:
            value = 0.3 * value + float(name.endswith("weight"))
        state[name] = value
    return state


def parameters(shapes: Shapes) -> int:
    """How many numbers are trained."""
    trained = (shape for name, shape in shapes.items() if "running" not in name)
    return sum(torch.Size(shape).numel() for shape in trained)


# What they compute, in evaluation mode


def _glu(x: Tensor) -> Tensor:
    half = x.shape[1] // 2
    return x[:, :half] * x[:, half:].sigmoid()


def _normed(state: State, name: str, x: Tensor) -> Tensor:
    weight, bias, mean, var = (
        state[f"{name}.{part}"].view(1, -1, *[1] * (x.dim() - 2)) for part in NORM
    )
    return (x - mean) / (var + 1e-5).sqrt() * weight + bias


def _conv(state: State, name: str, x: Tensor) -> Tensor:
    return F.conv2d(x, state[f"{name}.weight"], padding=1)


def _doubled(state: State, name: str, x: Tensor) -> Tensor:
    x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    return _glu(_normed(state, f"{name}.2", _conv(state, f"{name}.1", x)))


def _residuals(state: State, name: str, x: Tensor) -> Tensor:
    block = 0
    while f"{name}.{block}.block.0.weight" in state:
        part = f"{name}.{block}.block"
        y = _glu(_normed(state, f"{part}.1", _conv(state, f"{part}.0", x)))
        x = x + _normed(state, f"{part}.4", _conv(state, f"{part}.3", y))
        block += 1
    return x


def _begin(state: State, noise: Tensor, epsilon: Tensor, sentence: Tensor) -> tuple[Tensor, Tensor]:
    """The condition, and the maps of the first stage."""
    both = _glu(sentence @ state["ca_net.fc.weight"].T + state["ca_net.fc.bias"])
    size = both.shape[1] // 2
    condition = both[:, :size] + (0.5 * both[:, size:]).exp() * epsilon
    seed = torch.cat((condition, noise), 1) @ state["h_net1.fc.0.weight"].T
    h = _glu(_normed(state, "h_net1.fc.1", seed)).reshape(len(noise), -1, 4, 4)
    for up in range(1, 5):
        h = _doubled(state, f"h_net1.upsample{up}", h)
    return condition, h


def _stages(state: State) -> range:
    count = sum(name.startswith("img_net") for name in state)
    return range(2, count + 1)


def attngan_images(
    state: State, noise: Tensor, epsilon: Tensor, sentence: Tensor, words: Tensor, pads: Tensor
) -> list[Tensor]:
    """`pads` (B, T): True on the padding, tiled over pixels as the released code tiles it."""
    _, h = _begin(state, noise, epsilon, sentence)
    images = [_conv(state, "img_net1.img.0", h).tanh()]
    for stage in _stages(state):
        name, (batch, channels, height, width) = f"h_net{stage}", h.shape
        queries = h.reshape(batch, channels, -1).transpose(1, 2)
        weight = state[f"{name}.att.conv_context.weight"].flatten(1)
        keys = torch.einsum("cd,bdt->bct", weight, words)
        scores = (queries @ keys).reshape(batch * height * width, -1)
        scores[pads.repeat(height * width, 1)] = -torch.inf
        attention = scores.softmax(1).reshape(batch, height * width, -1)
        context = (keys @ attention.transpose(1, 2)).reshape(h.shape)
        h = _residuals(state, f"{name}.residual", torch.cat((h, context), 1))
        h = _doubled(state, f"{name}.upsample", h)
        images.append(_conv(state, f"img_net{stage}.img.0", h).tanh())
    return images


def stackgan_v2_images(
    state: State, noise: Tensor, epsilon: Tensor, sentence: Tensor
) -> list[Tensor]:
    condition, h = _begin(state, noise, epsilon, sentence)
    images = [_conv(state, "img_net1.img.0", h).tanh()]
    for stage in _stages(state):
        name = f"h_net{stage}"
        tiled = condition[:, :, None, None].expand(-1, -1, *h.shape[2:])
        joint = _conv(state, f"{name}.jointConv.0", torch.cat((tiled, h), 1))
        h = _residuals(
            state, f"{name}.residual", _glu(_normed(state, f"{name}.jointConv.1", joint))
        )
        h = _doubled(state, f"{name}.upsample", h)
        images.append(_conv(state, f"img_net{stage}.img.0", h).tanh())
    return images


def text_features(state: State, caption: list[int]) -> tuple[Tensor, Tensor]:
    """Words (D, T) and sentence (D,) of one caption without padding."""
    embedded = state["encoder.weight"][caption]
    sides, ends = [], []
    for end in ("", "_reverse"):
        hidden = cell = torch.zeros(state["rnn.weight_hh_l0"].shape[1])
        outputs = []
        for x in embedded.flip(0) if end else embedded:
            gates = state[f"rnn.weight_ih_l0{end}"] @ x + state[f"rnn.bias_ih_l0{end}"]
            gates = gates + state[f"rnn.weight_hh_l0{end}"] @ hidden + state[f"rnn.bias_hh_l0{end}"]
            enter, forget, new, leave = gates.chunk(4)
            cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
            hidden = leave.sigmoid() * cell.tanh()
            outputs.append(hidden)
        sides.append(torch.stack(outputs[::-1] if end else outputs, 1))
        ends.append(hidden)
    return torch.cat(sides), torch.cat(ends)
