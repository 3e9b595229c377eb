"""Text models of `transformers`: what a folder has of one, and its network.

Configurations, tokenisers and safetensors are read. No code of a folder or of the Hub is run: a
configuration that asks for it, or for kernels or quantised weights, is read without that.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from experiments.file.kind import is_mapping, is_text, listed, optional, shaped
from experiments.file.model_folder import ModelFolder
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.package import installing

# Towers of text that `transformers` lists under no name of its own, by the kind of their pair.
TOWERS = {
    "clip": "CLIPTextModel",
    "clip_text_model": "CLIPTextModel",
    "siglip": "SiglipTextModel",
    "siglip_text_model": "SiglipTextModel",
    "siglip2": "Siglip2TextModel",
    "siglip2_text_model": "Siglip2TextModel",
    "chinese_clip": "ChineseCLIPTextModel",
    "altclip": "AltCLIPTextModel",
    "clap": "ClapTextModel",
}
WHOLE = ("siglip_text_model", "siglip2_text_model")  # read with their padding, unmasked
UNREAD = ("auto_map", "quantization_config", "attn_implementation", "_attn_implementation")
POOLINGS = ("own", "mean", "cls", "max", "last")
ACTIVATIONS = {"Tanh": torch.tanh, "Identity": lambda x: x, "ReLU": torch.relu, "GELU": nn.GELU()}


@dataclass(frozen=True)
class TextModel:
    """A text model as a run knows it. `config`: of its network; `pooling`: how a sentence is made
    of its states; `dense`: layers behind that, and `normalise`: to length one at the end;
    `tokeniser`: the JSON of it."""

    name: str
    title: str
    revision: str | None
    digest: str
    config: dict[str, Any]
    pooling: str
    tokeniser: str
    dense: list[dict[str, Any]] = field(default_factory=list)
    normalise: bool = False

    def told(self) -> dict[str, Any]:
        """For `facts.json`; the tokeniser has a file of its own there."""
        return {key: value for key, value in vars(self).items() if key != "tokeniser"}

    @classmethod
    def of_facts(cls, told: Mapping[str, Any], tokeniser: str) -> TextModel:
        """Raises `UserError` for facts that say something else."""
        if not _TOLD(told) or told["pooling"] not in POOLINGS:
            raise UserError("text_model: says nothing that this version can read")
        known = {key: told[key] for key in cls.__dataclass_fields__ if key in told}
        return cls(**(known | {"tokeniser": tokeniser}))


_TOLD = shaped(
    {
        "name": is_text,
        "title": is_text,
        "revision": optional(is_text),
        "digest": is_text,
        "config": is_mapping,
        "pooling": is_text,
        "dense": listed(is_mapping),
    },
    *("name", "title", "digest", "config", "pooling"),
)


def text_model(folder: ModelFolder, sentence: str = "auto") -> TextModel:
    """What a folder has. `sentence`: `own` as its makers pool it, `mean` of its states, `auto` the
    first where there is such. Raises `UserError` where it is no text model that can be read."""
    config = folder.json("config.json")
    if not isinstance(config, dict) or not is_text(config.get("model_type")):
        raise UserError(f"{folder.path}: config.json names no model_type; it is no model's folder")
    pair = str(config["model_type"])
    config = _plain({key: value for key, value in config.items() if key not in UNREAD})
    modules = folder.json("modules.json")
    own, dense, normalise = ("own", [], False)
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
    made = _class_of(config)
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


def require_transformers() -> None:
    """Raise `UserError` where the library is not installed."""
    try:
        import transformers  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"text models need transformers: run {installing('transformers')}, or choose another "
            "text encoder"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Without the reports and bars of `transformers`: what matters of them is told here."""
    from transformers.utils import logging

    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def _class_of(config: Mapping[str, Any]) -> Any:
    """The class of a network, one of `transformers` itself. Raises `UserError` for a kind that it
    has no text model of."""
    require_transformers()
    import transformers
    from transformers.models.auto import modeling_auto as known

    kind = str(config["model_type"])
    name = (
        TOWERS.get(kind)
        or known.MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES.get(kind)
        or known.MODEL_MAPPING_NAMES.get(kind)
    )
    made = getattr(transformers, name, None) if isinstance(name, str) else None
    if made is None or made.main_input_name != "input_ids":
        raise UserError(
            f"{kind}: is no text model of transformers {transformers.__version__}; use one of "
            "CLIP, SigLIP, BERT, T5 and the like"
        )
    return made


def config_of(config: Mapping[str, Any]) -> Any:
    """The configuration of a network as `transformers` has it. Raises `UserError`."""
    made = _class_of(config).config_class
    try:
        with quiet():
            found = made.from_dict(dict(config))
        found.use_cache = False
        return found
    except Exception as error:  # each class has its own
        raise UserError(
            f"the configuration of a text model is damaged: {reason_of(error)}"
        ) from None


def network_of(about: TextModel) -> nn.Module:
    """The network without its weights."""
    made, config = _class_of(about.config), config_of(about.config)
    with quiet():
        return made(config, **_options(made, about))  # type: ignore[no-any-return]


def loaded(about: TextModel, folder: ModelFolder) -> nn.Module:
    """The network with the weights of its folder, in float32, on the CPU. Raises `UserError` where
    some are missing."""
    made, config = _class_of(about.config), config_of(about.config)
    try:
        with quiet():
            network, told = made.from_pretrained(
                folder.path,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
                **_options(made, about),
            )
    except Exception as error:  # each class has its own
        raise UserError(f"{folder.path}: cannot be read ({reason_of(error)})") from None
    missing = sorted(told["missing_keys"] | {one[0] for one in told["mismatched_keys"]})
    if missing:
        raise UserError(
            f"{folder.path}: its weights have no {missing[0]} that fits its config.json; it is "
            "another model, or a part of one"
        )
    return network  # type: ignore[no-any-return]


def _options(made: Any, about: TextModel) -> dict[str, Any]:
    takes = "add_pooling_layer" in inspect.signature(made.__init__).parameters
    return {"add_pooling_layer": about.pooling == "own"} if takes else {}


def dense_weights(about: TextModel, folder: ModelFolder) -> dict[str, Tensor]:
    """Those of the layers behind the pooling, by number."""
    from experiments.file.tensor import load_tensors

    found = {}
    for number, layer in enumerate(about.dense):
        for name, tensor in load_tensors(folder.path / layer["path"] / "model.safetensors").items():
            found[f"{number}.{name.removeprefix('linear.')}"] = tensor.float()
    return found
