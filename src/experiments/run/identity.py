"""The run folder: a function of the configuration, and the lock that keeps two processes apart."""

from __future__ import annotations

import ast
import copy
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.config.signature import Parameter, signature
from experiments.file.digest import known_sha256
from experiments.file.model_folder import ModelFolder
from experiments.run.pretrained import GROUPS, without_pretrained
from experiments.run.reader import listens

# What is no part of a run's id, each with the reason: what stands at such a key, and below it,
# cannot change the weights that a run has after N images; or, of `launch`, it says on what machine
# the same experiment is made. A test holds every other key to be a part of the id.
WITHOUT_EFFECT = {
    "task": "what is done with a run",
    "study": "which runs are compared",
    "budget": "which runs are compared; what it sets is in its own keys",
    "fresh": "whether what is there moves aside first",
    "run": "which run other tasks read",
    "text": "what other tasks draw",
    "num_samples": "what other tasks draw",
    "answers": "what another task reads",
    "sample": "what other tasks draw",
    "report": "what another task shows",
    "human": "what another task asks",
    "export": "where another task writes",
    "plan": "what another task assumes of machines",
    "clean": "what another task removes",
    "app": "what another task serves",
    "paths": "where the run lies",
    "tracker": "where the run is followed",
    "launch": "how many processes on what machine make the run, and how their gradients travel; "
    "run.json records it",
    "metric": "it looks at averaged copies, and training draws its own noise",
    "trainer.images": "how far the run goes; what depends on its end takes it up in its own "
    "keys, and checkpoints keep whether it was compiled",
    "trainer.log_every": "when numbers are written",
    "trainer.sample_every": "when pictures are drawn, from noise of their own",
    "trainer.evaluate_every": "when scores are taken",
    "trainer.checkpoint_every": "when the run is saved; N + M images equal N, stop, resume, M",
    "trainer.keep": "how many checkpoints stay",
    "trainer.sample_captions": "what is drawn to be looked at",
    "trainer.sample_columns": "what is drawn to be looked at",
    "trainer.nonfinite": "what happens where the run would have ended",
    "trainer.skips": "how often that may happen",
    "trainer.rollbacks": "how often that may happen",
    "trainer.collapse": "when a warning is given",
    "trainer.minima": "which states are kept besides",
    "data.root": "where the data lie; a run refuses to go on with other data",
    "data.reader.root": "where the data lie; a run refuses to go on with other data",
    "data.follow_links": "where the data may lie; a run refuses to go on with other data",
    "data.reader.follow_links": "where the data may lie; a run refuses to go on with other data",
    "data.preset": "where other keys take their values; these are a part of the id themselves",
}
# Keys that are newer than ids, each with the value that means "as before": while a key holds it, it
# is no part of the id, so that runs from before the key keep theirs. A new key goes in here.
ADDED: dict[str, Any] = {
    "variant": None,
    "generator.noise": "normal",
    "generator.refine": "attention",
    "generator.first.refine": "attention",
    "generator.picture.refine": "attention",
    "system.split": "train",
    "generator.first": None,
    "generator.standardised": False,
    "generator.dense": False,
    "generator.channels": 3,
    "generator.encoded": True,
    "discriminator.told_dim": 0,
    "discriminator.joint_layer": False,
    "discriminator.judges_frames": False,
    "generator.skips": False,
    "generator.moves": False,
    "encoder.normalised": False,
    "generator.norm": None,
    "discriminator.channels": 3,
    "discriminator.first": None,
    "encoder.image.convolutions": None,
    **{
        f"{place}gradient_penalty.{key}": before  # which `system` repeats
        for place in ("", "loss.")
        for key, before in (
            ("joined", False),
            ("norm", "joint"),
            ("weight_end", None),
            ("cosine_images", None),
        )
    },
    **{
        f"optim.{phase}.{key}": None
        for phase in ("discriminator", "generator")
        for key in ("lr_end", "beta2_end", "cosine_images")
    },
    "system.gradient_penalty": None,
    "system.augment_probability": 1.0,
    "system.augment_target": 0.6,
    "system.augment_images": 500000,
    "damsm": None,  # of GAN-CLS and DF-GAN
    "reconstruction": None,
    "system.discriminator_start": 0,
    "system.discriminator_ramp": 0,
    "generator.augmented": True,
    "generator.first.augmented": True,
    "generator.first.standardised": False,
    "system.noise_encoder.colour": True,
    **{
        f"{place}{key}": before  # which `system` repeats
        for place in ("", "loss.")
        for key, before in (
            ("reconstruction.alone", False),
            ("reconstruction.stages", None),
            ("damsm.negatives", 0),
            ("damsm.shift", 0),
            ("damsm.noise", 0.0),
            ("damsm.altered", 0),
        )
    },
    "system.frozen_images": 0,
    "system.train_encoder": False,
    "system.distortion": None,
    "system.stated": 0.0,
    "trainer.keep_best": None,
    "data.limit": None,
    "data.store": None,
    "data.min_count": 1,
    "data.train_share": 1.0,
    "data.share_seed": 0,
    "data.filter": None,
    "data.reader.language": "en",
    "data.reader.tokeniser": "unicode",  # the same for captions in ASCII; others are other words
    "trainer.ema_ramp": 0.1,
    "trainer.text_features": "auto",  # those from before it go on with float16
}
FLOATS = ("data.margin", "loss")  # where a number that no class describes is not whole


def identity(
    config: Mapping[str, Any], prerequisites: Mapping[str, str], added: Mapping[str, Any] = ADDED
) -> dict[str, Any]:
    """The part of a resolved configuration that decides the result, and what it builds on."""
    found: dict[str, Any] = copy.deepcopy(dict(config))
    for key in WITHOUT_EFFECT:
        _drop(found, key)
    for key, before in added.items():
        for place in (key, f"system.{key}"):  # which repeats the groups that it is made of
            _drop(found, place, before)
    _drop(found, "data.store", "pixels")  # which null means, where there is room for them
    if found.get("variant") is not None:
        found["variant"] = str(found["variant"])  # 1 and "1" are one name
    if not listens(found):
        _drop(found, "data.speech")
    for place in ("encoder", "encoder.face"):
        for key in (f"{place}.image.weights", f"system.{place}.image.weights"):
            _by_contents(found, key, place in prerequisites)
    for key in ("encoder.text.name", "system.encoder.text.name"):
        _by_model(found, key)
    for place in ("encoder", "encoder.text"):
        for key in (f"{place}.vectors.file", f"system.{place}.vectors.file"):
            _by_contents(found, key, not prerequisites.keys().isdisjoint({"encoder", place}))
    _by_contents(found, "system.landmarks", False)
    found = without_pretrained(found, *({*GROUPS, "system"} & found.keys()))
    spelt = {key: _spelt(value, key) for key, value in found.items()}
    return spelt | {"prerequisites": dict(prerequisites)}


def decides(key: str) -> bool:
    """Whether other values of a key of the configuration make another run."""
    path = key.replace("/", ".")
    return not any(path == name or path.startswith(f"{name}.") for name in WITHOUT_EFFECT)


def _by_contents(config: dict[str, Any], key: str, comes_trained: bool) -> None:
    """A file of weights by what it holds, wherever it lies; not at all where the weights come of
    another run, which is in the id by its name."""
    node, name = _holder(config, key)
    if node.get(name) is None:
        return
    path = Path(str(node[name]))
    if comes_trained:
        node[name] = None
    elif path.is_file():
        node[name] = known_sha256(path)


def _by_model(config: dict[str, Any], key: str) -> None:
    """The folder of a text model by what it holds; one of the Hub keeps its name."""
    node, name = _holder(config, key)
    given = node.get(name)
    if isinstance(given, str) and Path(given).expanduser().is_dir():
        node[name] = ModelFolder(given, Path(given).expanduser()).digest


_ANY = object()


def _drop(config: dict[str, Any], key: str, value: Any = _ANY) -> None:
    """Remove a key, or only where it holds a value."""
    node, name = _holder(config, key)
    if name in node and (value is _ANY or node[name] == value):
        del node[name]


def _holder(config: dict[str, Any], key: str) -> tuple[dict[str, Any], str]:
    """The part of a configuration that a key would stand in, empty where there is none, and its
    last name."""
    *above, name = key.split(".")
    node: Any = config
    for part in above:
        node = node.get(part) if isinstance(node, dict) else None
    return (node if isinstance(node, dict) else {}), name


def _spelt(node: Any, path: str, kind: Parameter | None = None) -> Any:
    """The same value in one spelling: 1 as 1.0 where any number may stand, and -0.0 as 0.0."""
    if isinstance(node, dict):
        read = signature(str(node["_target_"])) if "_target_" in node else None
        return {
            key: _spelt(value, f"{path}.{key}", (read or {}).get(key))
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_spelt(value, path, kind) for value in node]
    if isinstance(node, float):
        return node + 0.0
    if isinstance(node, bool) or not isinstance(node, int):
        return node
    free = kind is None and (path in FLOATS or path.partition(".")[0] in FLOATS)
    return float(node) if free or _takes_floats(kind) else node


def _takes_floats(kind: Parameter | None) -> bool:
    """Whether a number need not be whole: 0.5 fits, and 1 is nothing else than 1.0."""
    if kind is None or kind.annotation is None:
        return False
    names = {item.id for item in ast.walk(kind.annotation) if isinstance(item, ast.Name)}
    return "float" in names and "int" not in names


def run_id(config: Mapping[str, Any], prerequisites: Mapping[str, str]) -> str:
    """Ten hexadecimal digits; independent of the order of keys and of the process."""
    text = json.dumps(identity(config, prerequisites), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]
