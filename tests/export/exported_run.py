"""A run folder with weights that nobody trained, as on the machine of somebody."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import yaml

from experiments.config.option import Export
from experiments.data.text.vocabulary import Vocabulary
from experiments.encoder.bilstm import BiLSTM
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.generator.reed import ReedGenerator
from experiments.run import checkpoint

WORDS = ["a", "bird", "blue", "red", "wing"]
HOME = "/home/marianne"


def make_run(folder: Path, seed: int = 0) -> Path:
    """A GAN-CLS of 16 px with a DAMSM as its encoder."""
    vocabulary = Vocabulary(WORDS)
    torch.manual_seed(seed)
    text = {"dim": 8, "embedding_dim": 6}
    image = {"widths": [4, 8], "strides": [2, 2], "global_width": 6}
    encoder = DAMSM(BiLSTM(len(vocabulary), **text), CNN(**image), dim=8)
    drawer: dict[str, Any] = {"resolutions": [16], "width": 4, "noise_dim": 5, "text_dim": 8}
    generator = ReedGenerator(**drawer, projected_dim=4)
    encoder_node = {
        "_target_": "experiments.encoder.damsm.DAMSM",
        "dim": 8,
        "text": {"_target_": "experiments.encoder.bilstm.BiLSTM"} | text,
        "image": {"_target_": "experiments.encoder.cnn.CNN"} | image,
        "pretrained": f"{HOME}/outputs/damsm-cub/0123456789",
    }
    generator_node = {
        "_target_": "experiments.generator.reed.ReedGenerator",
        "projected_dim": 4,
    } | drawer
    system = {
        "_target_": "experiments.system.gan_cls.GANCLS",
        "encoder": encoder_node,
        "generator": generator_node,
        "discriminator": None,
        "adversarial": {"_target_": "experiments.loss.matching_aware.MatchingAwareLoss"},
    }
    root = f"{HOME}/birds"
    config = {
        "trainer": {"images": 32, "batch": 8, "precision": "auto", "ema_halflife": None},
        "tracker": {"group": "marianne"},
        "paths": {"outputs": f"{HOME}/outputs"},
        "data": {"name": "cub", "max_words": 8, "root": root, "reader": {"root": root}},
        "system": system,
        "encoder": encoder_node,
        "generator": generator_node,
        "seed": 3,
    }
    about = {
        "id": "494bf2671e" if seed == 0 else "5555555555",
        "choices": {"model": "gan_cls", "data": "cub"},
        "overrides": ["model=gan_cls", "data=cub", f"data.root={root}", f"paths.outputs={HOME}/o"],
        "built_on": {"encoder": f"{HOME}/outputs/damsm-cub/0123456789"},
    }
    facts = {
        "vocabulary_size": len(vocabulary),
        "vocabulary_hash": vocabulary.hash,
        "words": list(vocabulary.words),
        "reads": "words",
    }
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "run.json").write_text(json.dumps(about))
    (folder / "facts.json").write_text(json.dumps(facts))
    export = {"encoder": encoder.state_dict(), "generator": generator.state_dict()}
    checkpoint.save_weights(folder, 32, export)
    return folder


def config_of(run: Path, **options: Any) -> dict[str, Any]:
    """What a command line hands over; `options` are those of the group `export`."""
    return {"task": "export", "run": str(run), "export": asdict(Export()) | options}
