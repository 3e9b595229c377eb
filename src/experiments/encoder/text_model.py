"""Text models of `transformers`: what a folder has of one, and its network.

Configurations, tokenisers and safetensors are read. No code of a folder or of the Hub is run: a
configuration that asks for it, or for kernels or quantised weights, is read without that.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
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
# Of a configuration what would fetch or run something.
UNREAD = ("auto_map", "quantization_config", "attn_implementation", "_attn_implementation")
POOLINGS = ("own", "mean", "cls", "max", "last")
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "Tanh": torch.tanh,
    "ReLU": torch.relu,
    "Identity": nn.Identity(),
    "GELU": nn.GELU(),
}


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


def class_of(config: Mapping[str, Any]) -> Any:
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
    made = class_of(config).config_class
    try:
        with quiet():
            found = made.from_dict({k: v for k, v in config.items() if k not in UNREAD})
        found.use_cache = False
        return found
    except Exception as error:  # each class has its own
        raise UserError(
            f"the configuration of a text model is damaged: {reason_of(error)}"
        ) from None


def network_of(about: TextModel) -> nn.Module:
    """The network without its weights."""
    made, config = class_of(about.config), config_of(about.config)
    with quiet():
        return made(config, **_options(made, about))  # type: ignore[no-any-return]


def loaded(about: TextModel, folder: ModelFolder) -> nn.Module:
    """The network with the weights of its folder, in float32, on the CPU. Raises `UserError` where
    some are missing."""
    made, config = class_of(about.config), config_of(about.config)
    return with_weights(made, config, folder, **_options(made, about))


def with_weights(made: Any, config: Any, folder: ModelFolder, **options: Any) -> nn.Module:
    """A network of a class of `transformers` with the weights of a folder, safetensors alone, in
    float32, on the CPU. Raises `UserError` where some are missing: they would be random numbers."""
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
                **options,
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
