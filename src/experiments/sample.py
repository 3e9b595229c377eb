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
from experiments.data.reading import reader_of
from experiments.data.vocabulary import tokenize
from experiments.errors import UserError
from experiments.folder import run_about, run_config, run_facts
from experiments.machine import set_up
from experiments.picture import grid, save_png, to_pixels
from experiments.prerequisite import without_pretrained
from experiments.request import captions_of, run_folder
from experiments.system.base import Samples, System
from experiments.terminal import show

BATCH = 16  # pictures that are drawn together


def load(folder: str | Path, device: str = "cpu") -> Model:
    """The trained model of a run folder, with its averaged weights.

    Raises `UserError` where the folder is no run, has no checkpoint, or does not draw pictures.
    """
    place = Path(folder)
    config, facts = run_config(place), run_facts(place)
    system: System = build(without_pretrained(config, "system")["system"], facts)
    if not hasattr(system, "sample"):
        name = run_about(place)["choices"]["model"]
        raise UserError(f"run={place}: {name} draws no pictures; take a run of attngan_4stage")
    state = checkpoint.load_export(place)
    for name, module in system.export_modules().items():
        module.load_state_dict(state["export"][name])
    return Model(system.eval().to(device), facts["words"], config, int(state["images"]))


class Model:
    """A trained text-to-image system, and how it reads captions."""

    def __init__(
        self, system: System, words: list[str], config: dict[str, Any], images: int
    ) -> None:
        """`words`: those of the vocabulary. `config`: of the run."""
        self.system, self.config, self.images = system, config, images
        longest = int(config["data"]["max_words"])
        self.reader, self.longest = reader_of(system.reads, words, longest)

    def sample(self, captions: list[str], seed: int = 0) -> list[Image.Image]:
        """One picture of the last stage for each caption.

        A picture depends on its caption and on `seed` plus its place in the list, not on the other
        captions. Raises `UserError` for a caption without a word, or letter, that the model knows.
        """
        self.encode(captions)  # a mistake in the last caption is told before anything is drawn
        pictures = []
        for start in range(0, len(captions), BATCH):
            some = captions[start : start + BATCH]
            stages = self.stages(some, [seed + start + place for place in range(len(some))])
            pictures += [Image.fromarray(pixels) for pixels in to_pixels(stages.images[-1])]
        return pictures

    def stages(self, captions: list[str], seeds: list[int], attention: bool = False) -> Samples:
        """Every stage as tensors, one seed for each caption."""
        tokens, lengths = self.encode(captions)
        device = next(self.system.parameters()).device
        made: Samples = self.system.sample(tokens.to(device), lengths, seeds, attention)  # type: ignore[operator]
        return made

    def encode(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """Tokens (B, T) and lengths (B,); of a long caption the beginning is kept."""
        if not captions:
            raise UserError("text: no caption was given; use text='a small red bird'")
        rows = []
        for caption in captions:
            self.reader.require_known(caption)
            rows.append(self.reader.encode(caption)[: self.longest])
        lengths = torch.tensor([len(row) for row in rows])
        tokens = torch.zeros(len(rows), self.longest, dtype=torch.int64)
        for index, row in enumerate(rows):
            tokens[index, : len(row)] = torch.tensor(row)
        return tokens, lengths


def sample_to_folder(config: dict[str, Any]) -> list[Path]:
    """`task=sample`: PNGs, a sheet and the attention of each text, under `<run>/drawn/`."""
    captions, folder = captions_of(config), run_folder(config)
    count, seed = int(config["samples"]), int(config["seed"])
    set_up(config["launch"], 1)
    cuda = config["launch"]["device"] != "cpu" and torch.cuda.is_available()
    model = load(folder, "cuda" if cuda else "cpu")
    written: list[Path] = []
    for caption in captions:
        seeds = [seed + number for number in range(count)]
        made = model.stages([caption] * count, seeds, attention=True)
        place = folder / "drawn" / _slug(caption)
        for number, pixels in zip(seeds, to_pixels(made.images[-1]), strict=True):
            written.append(place / f"seed-{number}.png")
            save_png(Image.fromarray(pixels), written[-1])
        written.append(place / "sheet.png")
        save_png(
            grid(made.images[-1], captions=[f"{caption} ({number})" for number in seeds]),
            written[-1],
        )
        if made.attention:
            words = tokenize(caption)[: model.longest]
            written.append(place / "attention.png")
            pictures = [stage[0] for stage in made.images[1:]]
            maps = [attention[0].float() for attention in made.attention]
            save_png(attention_stages(pictures, maps, words), written[-1])
        unknown = model.reader.unknown(caption)
        if unknown:
            show(f"{model.system.reads} that the model has never seen: {', '.join(unknown)}")
        show(f"{caption!r}: {count} pictures in {place}")
    return written


def _slug(caption: str) -> str:
    """A short file name that no two captions share."""
    words = re.sub(r"[^a-z0-9]+", "-", caption.lower()).strip("-")[:48]
    return f"{words or 'text'}-{hashlib.sha256(caption.encode()).hexdigest()[:6]}"
