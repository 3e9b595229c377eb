"""Tiny models of `transformers` with random weights, as their makers would save them: folders with
configuration, safetensors and tokeniser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

WORDS = [
    "a",
    "small",
    "bird",
    "with",
    "red",
    "blue",
    "wings",
    "and",
    "the",
    "crown",
    "is",
    "yellow",
    "black",
    "white",
]
LAYERS = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
WIDTH = 16
KINDS = ("clip", "siglip", "bert", "t5", "sentence_transformer")


def make_model(folder: Path, kind: str, seed: int = 0) -> Path:
    """`folder` with a model of one of `KINDS`, or "clip_text", the tower that reads alone, and
    "bert_without_pooler"."""
    import transformers

    torch.manual_seed(seed)
    size: dict[str, Any] = {"hidden_size": WIDTH, **LAYERS, "vocab_size": len(WORDS) + 6}
    text = {**size, "max_position_embeddings": 20}
    marks = {"bos_token_id": 3, "eos_token_id": 4, "pad_token_id": 1}
    seen = {"hidden_size": WIDTH, **LAYERS, "image_size": 16, "patch_size": 8}
    if kind == "clip":
        config = transformers.CLIPConfig(text_config=text | marks, vision_config=seen)
        made: Any = transformers.CLIPModel(config)
    elif kind == "clip_text":
        made = transformers.CLIPTextModel(transformers.CLIPTextConfig(**(text | marks)))
    elif kind == "siglip":
        config = transformers.SiglipConfig(
            text_config=text | marks | {"projection_size": WIDTH}, vision_config=seen
        )
        made = transformers.SiglipModel(config)
    elif kind in ("bert", "sentence_transformer"):
        made = transformers.BertModel(transformers.BertConfig(**text))
    elif kind == "bert_without_pooler":
        made = transformers.BertForMaskedLM(transformers.BertConfig(**text))
    else:
        assert kind == "t5", kind
        sizes = {"d_model": WIDTH, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2}
        config = transformers.T5Config(**sizes, vocab_size=size["vocab_size"])
        made = transformers.T5ForConditionalGeneration(config)
    for parameter in made.parameters():  # of some classes the first ones are nearly nothing
        torch.nn.init.normal_(parameter, std=0.3)
    made.save_pretrained(folder)
    tokeniser(kind).save_pretrained(folder)
    if kind == "sentence_transformer":
        _as_sentence_transformer(folder)
    return folder


def tokeniser(kind: str) -> Any:
    """Whole words, with the marks that models of such a kind want: one before and one after, or one
    after alone."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ["[PAD]", "[pad]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    index = {name: place for place, name in enumerate(names)}
    made = Tokenizer(models.WordLevel(index, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    form = "$A [SEP]" if kind in ("t5", "siglip") else "[CLS] $A [SEP]"
    marks = [(name, index[name]) for name in ("[CLS]", "[SEP]") if name in form]
    made.post_processor = processors.TemplateProcessing(form, special_tokens=marks)
    pad = "[pad]" if kind in ("clip", "siglip", "clip_text") else "[PAD]"
    return PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="[UNK]", pad_token=pad, eos_token="[SEP]"
    )


def _as_sentence_transformer(folder: Path) -> None:
    """Mean, a layer behind it, and length one."""
    from safetensors.torch import save_file

    kinds = ("Transformer", "Pooling", "Dense", "Normalize")
    modules = [
        {
            "idx": number,
            "name": str(number),
            "path": f"{number}_{kind}" if number else "",
            "type": f"sentence_transformers.models.{kind}",
        }
        for number, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    about: dict[str, dict[str, Any]] = {
        "1_Pooling": {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False},
        "2_Dense": {
            "in_features": WIDTH,
            "out_features": 6,
            "bias": True,
            "activation_function": "torch.nn.modules.activation.Tanh",
        },
    }
    for name, content in about.items():
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps(content))
    layer = torch.nn.Linear(WIDTH, 6)
    weights = {f"linear.{name}": value for name, value in layer.state_dict().items()}
    save_file(weights, folder / "2_Dense" / "model.safetensors")


def make_seeing(folder: Path, kind: str, seed: int = 0) -> Path:
    """`folder` with what sees pictures of 16 px: "clip", "siglip" or "dinov2", and how they are
    made ready."""
    import transformers

    if kind == "dinov2":
        torch.manual_seed(seed)
        sizes = {key: LAYERS[key] for key in ("num_hidden_layers", "num_attention_heads")}
        config = transformers.Dinov2Config(hidden_size=12, **sizes, image_size=16, patch_size=4)
        made = transformers.Dinov2Model(config)
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        made.save_pretrained(folder)
    else:
        make_model(folder, kind, seed)
    side = {"height": 16, "width": 16}
    about: dict[str, Any] = {
        "do_resize": True,
        "size": side,
        "resample": 3,
        "do_rescale": True,
        "image_mean": [0.48, 0.45, 0.4],
        "image_std": [0.26, 0.25, 0.27],
        "do_normalize": True,
    }
    if kind == "dinov2":  # the middle of a larger picture, which is of its own side here
        about |= {"size": {"shortest_edge": 18}, "crop_size": side, "do_center_crop": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(about))
    return folder
