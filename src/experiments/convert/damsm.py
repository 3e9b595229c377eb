"""DAMSM as AttnGAN's authors released it: the text encoder, and the image encoder if given.

`image_encoder*.pth` has Inception-v3 without its classifiers under torchvision's names, with the
running statistics that it ended training with, and two heads.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from experiments.convert.state import ReleasedState
from experiments.encoder.inception import REGIONS

HEADS = {"region_head.": "emb_features.", "vector_head.": "emb_cnn_code."}


def encoder_overrides(image: bool) -> list[str]:
    """What a configuration says of the encoder, but for its sizes."""
    kind = ["encoder=damsm", "encoder/image=inception_v3"] if image else ["encoder=damsm_text"]
    return [*kind, "encoder.pretrained=null"]  # it comes with the run


def encoder_export(
    made: nn.Module, text: ReleasedState, image: ReleasedState | None
) -> dict[str, Tensor]:
    """The state of an encoder that was made empty. Raises `UserError` for what does not fit."""
    found = {f"text.{k}": v for k, v in text.fit(made.text, _text_name).items()}  # type: ignore[arg-type]
    if image is None:
        return found
    seeing = nn.ModuleDict({name: part for name, part in made.named_children() if name != "text"})
    return found | image.fit(seeing, _image_name)


def read_image_encoder(path: Path, text: Path, dim: int) -> ReleasedState:
    """Raises `UserError` where it is none, or sees in another space than the text encoder."""
    state = ReleasedState.read(path)
    rows, channels, *_ = state.shape("emb_features.weight", 4, "; is this AttnGAN's image encoder?")
    if rows != dim or channels != REGIONS:
        raise state.refusal(
            f"emb_features.weight makes {rows} numbers of {channels}, expected {dim} of {REGIONS}: "
            f"{text} gives {dim}"
        )
    return state


def _text_name(name: str) -> str:
    return name.replace("embedding.", "encoder.").replace("lstm.", "rnn.")


def _image_name(name: str) -> str:
    for ours, theirs in HEADS.items():
        name = name.replace(ours, theirs)
    return name.removeprefix("image.")
