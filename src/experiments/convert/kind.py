"""What a released file is, by the names of its tensors: of one that was given in the wrong place
the message says so, and where it belongs."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from experiments.convert.state import ReleasedState
from experiments.terminal.error import UserError

CONVERT = "python -m experiments.convert"


@dataclass(frozen=True)
class Kind:
    """`names`: tensors that only such a file has; `remedy`: what to do with it."""

    what: str
    names: tuple[str, ...]
    remedy: str


ATTNGAN = Kind(
    "AttnGAN's generator",
    ("h_net2.att.conv_context.weight", "ca_net.fc.weight"),
    f"give it to {CONVERT} attngan --generator",
)
STACKGAN_V2 = Kind(
    "StackGAN-v2's generator",
    ("h_net2.jointConv.0.weight", "ca_net.fc.weight"),
    f"give it to {CONVERT} stackgan_v2 --generator",
)
DFGAN = Kind(
    "DF-GAN's generator",
    ("GBlocks.0.c1.weight", "to_rgb.1.weight"),
    f"give it to {CONVERT} dfgan --generator",
)
DFGAN_JUDGE = Kind(
    "DF-GAN's discriminator",
    ("DBlocks.0.conv_r.0.weight",),
    "give the checkpoint whole, or its netG; discriminators are not converted",
)
TEXT_ENCODER = Kind(
    "AttnGAN's text encoder",
    ("encoder.weight", "rnn.weight_ih_l0"),
    f"give it to {CONVERT} attngan --text-encoder",
)
IMAGE_ENCODER = Kind(
    "DAMSM's image encoder",
    ("emb_features.weight", "emb_cnn_code.weight"),
    "give it as --image-encoder; the text encoder was released beside it, as text_encoder*.pth",
)
DISCRIMINATOR = Kind(
    "a discriminator of AttnGAN or StackGAN-v2",
    ("img_code_s16.0.weight",),
    "give the generator, netG*.pth or *AttnGAN2.pth; discriminators are not converted",
)
PORT = Kind(
    "a first stage of StackGAN's PyTorch port",
    ("fc.0.weight", "upsample1.1.weight", "img.0.weight"),
    "only StackGAN-v2 and AttnGAN are converted",
)
PORT_2 = Kind("a second stage of StackGAN's PyTorch port", ("hr_joint.0.weight",), PORT.remedy)
PORT_JUDGE = Kind(
    "a discriminator of StackGAN's PyTorch port", ("encode_img.0.weight",), PORT.remedy
)
KINDS = (
    *(ATTNGAN, STACKGAN_V2, TEXT_ENCODER, IMAGE_ENCODER, DISCRIMINATOR),
    *(PORT, PORT_2, PORT_JUDGE),
    *(DFGAN, DFGAN_JUDGE),
)


def kind_of(names: Container[str]) -> Kind | None:
    """None where the names tell of none."""
    return next((kind for kind in KINDS if all(name in names for name in kind.names)), None)


def require(state: ReleasedState, wanted: Kind) -> None:
    """Raise `UserError` where a file is known to be something else."""
    found = kind_of(state.tensors)
    if found is not None and found is not wanted:
        raise UserError(f"{state.path}: is {found.what}, not {wanted.what}; {found.remedy}")
