"""The file of weights that a frozen image network begins with, found before anything is read."""

from __future__ import annotations

from pathlib import Path

from experiments.terminal.error import UserError

KEY = "encoder.image.weights"
CONTENT = "the state dict of torchvision.models.inception_v3"
HUGGING = "experiments.encoder.huggingface.HuggingFaceText"  # reads a folder of its own
FACES = "the state dict of vgg_face_dag"


def content_of(target: str) -> str:
    """What the file of an image network holds, by its `_target_`."""
    return FACES if target.endswith(".VGGFace") else CONTENT


def remedy(content: str = CONTENT, key: str = KEY) -> str:
    """What a user can do who has no such file."""
    other = "recogniser" if content == FACES else "efficientnet_lite0"
    group = "encoder/image" if key == KEY else f"encoder/image@{key.removesuffix('.weights')}"
    return (
        f"save {content} (.pth or .safetensors) and set {key}=<path>, or choose another image "
        f"network, as {group}={other}"
    )


def weight_file(given: str | None, content: str = CONTENT, key: str = KEY) -> Path:
    """Where it lies. Raises `UserError` where it is not given, missing or no file."""
    if given is not None and Path(given).is_file():
        return Path(given)
    if given is None:
        problem = "no file is given"
    elif Path(given).is_dir():
        problem = f"{given} is a folder"
    else:
        problem = f"{given} is no file" if Path(given).exists() else f"{given} does not exist"
    raise UserError(f"{key}: {problem}; {remedy(content, key)}")
