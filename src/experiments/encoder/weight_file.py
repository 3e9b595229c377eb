"""The file of weights that a frozen image network begins with, found before anything is read."""

from __future__ import annotations

from pathlib import Path

from experiments.terminal.error import UserError

KEY = "encoder.image.weights"
CONTENT = "the state dict of torchvision.models.inception_v3"
REMEDY = (
    f"save {CONTENT} (.pth or .safetensors) and set {KEY}=<path>, or choose another image network, "
    "as encoder/image=efficientnet_lite0"
)


def weight_file(given: str | None) -> Path:
    """Where it lies. Raises `UserError` where it is not given, missing or no file."""
    if given is not None and Path(given).is_file():
        return Path(given)
    if given is None:
        problem = "no file is given"
    elif Path(given).is_dir():
        problem = f"{given} is a folder"
    else:
        problem = f"{given} is no file" if Path(given).exists() else f"{given} does not exist"
    raise UserError(f"{KEY}: {problem}; {REMEDY}")
