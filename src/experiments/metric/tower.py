"""Image towers of `transformers`, and what their makers do to a picture before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from experiments.encoder.text_model import UNREAD, quiet, require_transformers, with_weights
from experiments.file.model_folder import ModelFolder
from experiments.terminal.error import UserError, reason_of

# The networks that see, by the kind of their pair; all others as `AutoModel` has them.
PAIRED = {"clip": "CLIPVisionModelWithProjection", "siglip": "SiglipVisionModel"}
PAIRS = {"clip": "CLIPModel", "siglip": "SiglipModel"}  # of pictures and texts in one space
FILTERS = {2: "bilinear", 3: "bicubic"}  # by Pillow's number
TELLS = "preprocessor_config.json"


class Preparation:
    """Pixels (B, 3, H, W) float in 0..255 as a tower wants them: resized to its side as a whole, in
    eight bits as a picture of Pillow is, then normalised."""

    def __init__(self, folder: ModelFolder, side: int) -> None:
        """`side`: the tower's own, where its folder says none. Raises `UserError` where the folder
        does not say how pictures are made ready."""
        told = folder.json(TELLS)
        mean = told.get("image_mean") if isinstance(told, dict) else None
        spread = told.get("image_std") if isinstance(told, dict) else None
        if not all(isinstance(v, list) and len(v) == 3 for v in (mean, spread)):
            raise UserError(
                f"{folder.path}: its {TELLS} says no image_mean and image_std, so that nothing "
                "knows how its pictures are made ready; bring that file"
            )
        assert isinstance(told, dict)
        crops = bool(told.get("do_center_crop"))
        self.side = _side(told.get("crop_size") if crops else told.get("size")) or side
        self.filter = FILTERS.get(int(told.get("resample") or 3), "bicubic")
        self.mean, self.spread = mean, spread

    @property
    def told(self) -> str:
        """For the record of a score."""
        return f"{self.side} {self.filter}, antialiased, whole pictures"

    def __call__(self, pixels: Tensor) -> Tensor:
        size = (self.side, self.side)
        if pixels.shape[-2:] != size:
            options: dict[str, Any] = {"mode": self.filter, "antialias": True}
            pixels = F.interpolate(pixels, size, align_corners=False, **options)
            pixels = pixels.clamp(0, 255).round()
        mean, spread = (pixels.new_tensor(v)[:, None, None] for v in (self.mean, self.spread))
        return (pixels / 255 - mean) / spread


def _side(size: Any) -> int | None:
    if isinstance(size, Mapping):
        size = size.get("height") or size.get("shortest_edge")
    return size if isinstance(size, int) and size > 0 else None


def seeing(folder: ModelFolder) -> tuple[nn.Module, int]:
    """The image tower of a folder, with its weights, in float32, and its own side. Raises
    `UserError` where it has none that can be read."""
    kind, config = _config(folder)
    require_transformers()
    import transformers
    from transformers.models.auto import modeling_auto as known

    name = PAIRED.get(kind) or known.MODEL_MAPPING_NAMES.get(kind)
    made = getattr(transformers, name, None) if isinstance(name, str) else None
    if made is None or made.main_input_name != "pixel_values" or kind == "siglip2":
        raise UserError(
            f"{folder.path}: {kind} is no image tower that is read here; use one of CLIP, SigLIP, "
            "DINOv2 and the like"
        )
    inner = config.vision_config if kind in PAIRED else config
    side = getattr(inner, "image_size", None) or 224
    return _frozen(with_weights(made, inner, folder)), int(side)


def pair(folder: ModelFolder) -> tuple[nn.Module, int]:
    """Both towers of CLIP or SigLIP with their weights, and the side of pictures. Raises
    `UserError` for another model."""
    kind, config = _config(folder)
    if kind not in PAIRS:
        raise UserError(
            f"{folder.path}: {kind} has no pictures and texts in one space; use CLIP or SigLIP"
        )
    require_transformers()
    import transformers

    network = with_weights(getattr(transformers, PAIRS[kind]), config, folder)
    return _frozen(network), int(config.vision_config.image_size)


def vectors(network: nn.Module, images: Tensor) -> Tensor:
    """What a tower makes of pictures (B, 3, H, W) that are ready: CLIP's projected vectors, else
    the pooled ones, which of DINOv2 are those of its class token; (B, d)."""
    found: Any = network(pixel_values=images)
    for name in ("image_embeds", "pooler_output"):
        if (seen := getattr(found, name, None)) is not None:
            return seen.flatten(1)  # type: ignore[no-any-return]
    return found.last_hidden_state[:, 0]  # type: ignore[no-any-return]


def _config(folder: ModelFolder) -> tuple[str, Any]:
    require_transformers()
    from transformers import CONFIG_MAPPING

    told = folder.json("config.json")
    kind = str(told.get("model_type")) if isinstance(told, dict) else "a file without model_type"
    if kind not in CONFIG_MAPPING:
        raise UserError(f"{folder.path}: {kind} is no model that transformers has")
    try:
        with quiet():
            read = {key: value for key, value in told.items() if key not in UNREAD}
            return kind, CONFIG_MAPPING[kind].from_dict(read)
    except Exception as error:  # each class has its own
        raise UserError(f"{folder.path}: config.json: {reason_of(error)}") from None


def _frozen(network: nn.Module) -> nn.Module:
    return network.requires_grad_(False).eval()
