"""Pictures from a trained run: `load(folder).sample([...])`, and `task=sample` of the command."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from experiments import checkpoint
from experiments.attention import attention_stages
from experiments.config import build
from experiments.data.vocabulary import Vocabulary, tokenize
from experiments.errors import UserError
from experiments.picture import grid, save_png, to_pixels
from experiments.system.base import Samples, System
from experiments.terminal import show


def load(folder: str | Path, device: str = "cpu") -> Model:
    """The trained model of a run folder, with its averaged weights.

    Raises `UserError` where the folder is no run, has no checkpoint, or does not draw pictures.
    """
    place = Path(folder)
    config, facts = checkpoint.run_config(place)["config"], checkpoint.run_facts(place)
    system = build_without_prerequisites(config, facts)
    state = checkpoint.load_newest(place)
    if state is None:
        raise UserError(f"run={place}: has no checkpoint yet; train it first")
    for name, module in system.export_modules().items():
        module.load_state_dict(state["export"][name])
    return Model(system.eval().to(device), Vocabulary(facts["words"]), config, int(state["images"]))


def build_without_prerequisites(config: dict[str, Any], facts: dict[str, Any]) -> System:
    """A run's system without the weights of what it was built on: its checkpoint holds them all."""

    def strip(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: strip(value) for key, value in node.items() if key != "pretrained"}
        return node

    system: System = build(strip(config["system"]), facts)
    return system


class Model:
    """A trained text-to-image system with its vocabulary."""

    def __init__(
        self, system: System, vocabulary: Vocabulary, config: dict[str, Any], images: int
    ) -> None:
        self.system, self.vocabulary, self.config, self.images = system, vocabulary, config, images

    def sample(self, captions: list[str], seed: int = 0) -> list[Image.Image]:
        """One picture of the last stage for each caption.

        A picture depends on its caption, `seed` and its place in the list, not on the others.
        Raises `UserError` for a caption without a word that the model knows.
        """
        stages = self.stages(captions, [seed + place for place in range(len(captions))])
        return [Image.fromarray(pixels) for pixels in to_pixels(stages.images[-1])]

    def stages(self, captions: list[str], seeds: list[int], attention: bool = False) -> Samples:
        """Every stage as tensors, one seed for each caption."""
        if not hasattr(self.system, "sample"):
            name = type(self.system).__name__
            raise UserError(f"run: {name} draws no pictures; take a run of attngan or attngan_4stage")
        tokens, lengths = self.encode(captions)
        device = next(self.system.parameters()).device
        return self.system.sample(tokens.to(device), lengths, seeds, attention)

    def encode(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """Tokens (B, T) and lengths (B,); of a long caption the first words are kept."""
        if not captions:
            raise UserError("text: no caption was given; use text='a small red bird'")
        longest = int(self.config["data"]["max_words"])
        rows = []
        for caption in captions:
            self.vocabulary.require_known(caption)
            rows.append(self.vocabulary.encode(caption)[:longest])
        lengths = torch.tensor([len(row) for row in rows])
        tokens = torch.zeros(len(rows), longest, dtype=torch.int64)
        for index, row in enumerate(rows):
            tokens[index, : len(row)] = torch.tensor(row)
        return tokens, lengths


def sample_to_folder(config: dict[str, Any]) -> list[Path]:
    """`task=sample`: PNGs, a sheet and the attention of each text, under `<run>/drawn/`."""
    text = config["text"]
    if not text:
        raise UserError("text: task=sample needs a caption: 'text=a small red bird'")
    captions = [str(item) for item in (text if isinstance(text, list) else [text])]
    count, seed = int(config["samples"]), int(config["seed"])
    folder = Path(config["run"])
    model = load(folder)
    written: list[Path] = []
    for caption in captions:
        seeds = [seed + number for number in range(count)]
        made = model.stages([caption] * count, seeds, attention=True)
        place = folder / "drawn" / _slug(caption)
        for number, pixels in zip(seeds, to_pixels(made.images[-1]), strict=True):
            written.append(place / f"seed-{number}.png")
            save_png(Image.fromarray(pixels), written[-1])
        written.append(place / "sheet.png")
        save_png(grid(made.images[-1], captions=[f"{caption} ({number})" for number in seeds]), written[-1])
        if made.attention:
            words = tokenize(caption)[: int(model.config["data"]["max_words"])]
            written.append(place / "attention.png")
            pictures = [stage[0] for stage in made.images[1:]]
            maps = [attention[0].float() for attention in made.attention]
            save_png(attention_stages(pictures, maps, words), written[-1])
        unknown = model.vocabulary.unknown(caption)
        if unknown:
            show(f"words that the model has never seen: {', '.join(unknown)}")
        show(f"{caption!r}: {count} pictures in {place}")
    return written


def _slug(caption: str) -> str:
    """A short file name that no two captions share."""
    words = re.sub(r"[^a-z0-9]+", "-", caption.lower()).strip("-")[:48]
    return f"{words or 'text'}-{hashlib.sha256(caption.encode()).hexdigest()[:6]}"
