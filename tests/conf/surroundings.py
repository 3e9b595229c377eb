"""What command lines find around them: folders of data sets, and of runs without weights inside."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml
from PIL import Image

from experiments.config.compose import choices, compose, plain
from experiments.run.folder import file_at

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))

import coco_pictures
import oxford102_pictures
from cub_pictures import pictures

WORDS = ["a", "bird", "red", "with", "wings"]
MODELS = ("gan_cls", "damsm", "style_encoder", "classifier")


def data_roots(folder: Path) -> dict[str, Path]:
    """Small trees of the data sets that have a root, by their names."""
    own = folder / "folder"
    for number, (picture, captions, kind) in enumerate(pictures()):
        path = own / kind / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
        path.with_suffix(".txt").write_text("\n".join(captions))
    stamps = folder / "stamps" / "birds"
    stamps.mkdir(parents=True)
    Image.new("RGB", (60, 40), (200, 0, 0)).save(stamps / "robin.png")
    (stamps / "robin.txt").write_text("A red robin.\n")
    return {
        "folder": own,
        "stamps": stamps.parent,
        "coco": coco_pictures.official(folder / "coco"),
        "oxford102": oxford102_pictures.flowers(folder / "oxford102"),
    }


def runs(folder: Path) -> Path:
    """A folder of runs as the tasks that read runs look at them at once."""
    for model in MODELS:
        overrides = [f"model={model}", "debug=tiny"]
        cfg = compose(overrides)
        place = folder / model
        weights = file_at(place, "weights", 16)
        weights.parent.mkdir(parents=True)
        weights.touch()
        about = {"id": model, "choices": choices(cfg), "overrides": overrides, "built_on": {}}
        (place / "config.yaml").write_text(yaml.safe_dump(plain(cfg)))
        (place / "run.json").write_text(json.dumps(about))
        (place / "facts.json").write_text(json.dumps({"words": WORDS, "data": "x"}))
        (place / "scores.json").write_text("{}")
    (folder / "damaged").mkdir()
    (folder / "damaged" / "run.json").write_text('{"id": ')
    return folder
