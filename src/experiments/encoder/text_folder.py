"""What a folder has of a text model of `transformers`: configuration, pooling and tokeniser."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

from safetensors import SafetensorError, safe_open

from experiments.encoder.text_model import (
    ACTIVATIONS,
    TOWERS,
    UNREAD,
    TextModel,
    class_of,
    quiet,
    require_transformers,
)
from experiments.file.kind import is_mapping, is_text
from experiments.file.model_folder import ModelFolder
from experiments.terminal.error import UserError, reason_of


def text_model(folder: ModelFolder, sentence: str = "auto") -> TextModel:
    """What a folder has. `sentence`: `own` as its makers pool it, `mean` of its states, `auto` the
    first where there is such. Raises `UserError` where it is no text model that can be read."""
    config = folder.json("config.json")
    if not isinstance(config, dict) or not is_text(config.get("model_type")):
        raise UserError(f"{folder.path}: config.json names no model_type; it is no model's folder")
    pair = str(config["model_type"])
    config = _plain({key: value for key, value in config.items() if key not in UNREAD})
    modules = folder.json("modules.json")
    own, dense, normalise = "own", list[dict[str, Any]](), False
    if isinstance(modules, list):
        own, dense, normalise = _of_sentence_transformers(folder, modules)
    if own == "own" and not _pools(config, folder):
        own = "mean"
        if sentence == "own":
            raise UserError(
                f"encoder.text.sentence=own: {folder.name} pools nothing itself; use mean"
            )
    if sentence == "mean":
        own, dense, normalise = ("mean", [], False)
    return TextModel(
        folder.name,
        folder.title,
        folder.revision,
        folder.digest,
        config,
        own,
        _tokeniser(folder, pair),
        dense,
        normalise,
    )


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    """Of a pair of towers the configuration of the one that reads, as JSON."""
    require_transformers()
    from transformers import CONFIG_MAPPING

    kind = str(config["model_type"])
    if "text_config" not in config or kind not in CONFIG_MAPPING:
        return config
    try:
        with quiet():
            inner = CONFIG_MAPPING[kind].from_dict(config).text_config
        found: dict[str, Any] = json.loads(inner.to_json_string(use_diff=False))
    except Exception as error:  # each class has its own
        raise UserError(f"{kind}: its config.json cannot be read ({reason_of(error)})") from None
    return {key: value for key, value in found.items() if key not in UNREAD}


def _pools(config: Mapping[str, Any], folder: ModelFolder) -> bool:
    """Whether the network has a vector of the whole that it was trained to give: of BERT's family
    the weights tell, as many were saved without it."""
    made = class_of(config)
    if "add_pooling_layer" in inspect.signature(made.__init__).parameters:
        names = [name for path in folder.tensors() for name in _names(path)]
        return any(name.endswith("pooler.dense.weight") for name in names)
    return str(config["model_type"]) in TOWERS


def _names(path: Any) -> list[str]:
    try:
        with safe_open(path, "pt") as file:
            return list(file.keys())
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: cannot be read ({reason_of(error)}); fetch it again") from None


def _of_sentence_transformers(
    folder: ModelFolder, modules: list[Any]
) -> tuple[str, list[dict[str, Any]], bool]:
    """How a folder of sentence-transformers makes a sentence of states: pooling, layers, length."""
    pooling, dense, normalise = "mean", list[dict[str, Any]](), False
    for module in modules:
        kind = str(module.get("type", "")).rpartition(".")[2] if is_mapping(module) else ""
        path = str(module.get("path", "")) if is_mapping(module) else ""
        if "/" in path or ".." in path:
            raise UserError(f"{folder.path}: modules.json names {path}, outside of its folder")
        about = folder.json(f"{path}/config.json") or {}
        if kind == "Pooling":
            modes = {
                "cls": about.get("pooling_mode_cls_token"),
                "mean": about.get("pooling_mode_mean_tokens"),
                "max": about.get("pooling_mode_max_tokens"),
                "last": about.get("pooling_mode_lasttoken"),
            }
            chosen = [name for name, on in modes.items() if on]
            chosen = chosen or [str(about.get("pooling_mode", ""))]  # as newer versions write it
            if len(chosen) != 1 or chosen[0] not in modes:
                raise UserError(
                    f"{folder.path}: pools a sentence in a way that is not read here; use "
                    "encoder.text.sentence=mean"
                )
            (pooling,) = chosen
        elif kind == "Dense":
            act = str(about.get("activation_function", "Tanh")).rpartition(".")[2]
            if act not in ACTIVATIONS:
                raise UserError(f"{folder.path}/{path}: its activation {act} is not read here")
            sizes = {key: int(about[key]) for key in ("in_features", "out_features")}
            bias = bool(about.get("bias", True))
            dense.append({**sizes, "bias": bias, "activation": act, "path": path})
        elif kind == "Normalize":
            normalise = True
        elif kind not in ("Transformer", "Dropout"):
            raise UserError(
                f"{folder.path}: modules.json has {kind or 'a part without a type'}, which is not "
                "read here; use encoder.text.sentence=mean on the model that it is made of"
            )
    return pooling, dense, normalise


def _tokeniser(folder: ModelFolder, kind: str) -> str:
    """The JSON of a tokeniser, as `transformers` makes it of the folder."""
    require_transformers()
    from tokenizers import Regex, Tokenizer, normalizers
    from transformers import AutoTokenizer

    made: Any = None
    try:
        with quiet():
            loaded = AutoTokenizer.from_pretrained(
                folder.path, local_files_only=True, trust_remote_code=False
            )
            made = getattr(loaded, "backend_tokenizer", None)
    except Exception as error:  # a class that needs a package more, or none at all
        made, reason = None, reason_of(error)
    else:
        reason = "it has no fast one"
    if made is None and (file := folder.path / "tokenizer.json").is_file():
        try:
            made = Tokenizer.from_file(str(file))
        except Exception as error:
            reason = reason_of(error)
    if made is None:
        raise UserError(
            f"{folder.path}: its tokeniser cannot be read ({reason}); save tokenizer.json beside "
            "it, as `save_pretrained` of a fast tokeniser does"
        )
    if kind == "siglip":  # its own tokeniser does this in Python: small letters, no punctuation
        first = [normalizers.Lowercase(), normalizers.Replace(Regex(r"[!-/:-@\[-`{-~]"), "")]
        rest = [] if made.normalizer is None else [made.normalizer]
        spaces = [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
        made.normalizer = normalizers.Sequence([*first, *spaces, *rest])
    made.no_truncation()
    made.no_padding()
    return str(made.to_str())
