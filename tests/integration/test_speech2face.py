"""A bird by its song: Speech2Face, and the face decoder that it needs, on the smallest networks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from experiments import load
from experiments.run import checkpoint
from tests.integration.test_resume import equal

SONG = ["data=plumage_song", "trainer.sample_every=1000"]


def train(commands: Any, outputs: Path, *arguments: str, ranks: int = 1) -> str:
    # Of the usual settings all but the trunk: the recipe's image network stands elsewhere.
    given = [word for word in commands.settings(outputs) if not word.startswith("encoder/")]
    return str(commands.ok(*given, *SONG, *arguments, outputs=None, ranks=ranks).text)


def state(outputs: Path, images: int) -> dict[str, Any]:
    name = f"speech2face-plumage_song/*/checkpoints/images-{images:010d}.safetensors"
    (path,) = outputs.glob(name)
    found = checkpoint.read(path)
    for origin in found["elsewhere"]["origins"]:
        del origin["run"]
    return found


def test_it_trains_stops_goes_on_and_tells_a_bird(commands: Any, tmp_path: Path) -> None:
    outputs, whole = tmp_path / "outputs", tmp_path / "whole"
    first = train(commands, outputs, "model=speech2face", "trainer.images=8")
    assert "encoder.face needs face_decoder-plumage_song: training it first" in first
    (run,) = (outputs / "speech2face-plumage_song").iterdir()
    scores = json.loads((run / "scores.json").read_text())["scores"]
    assert {"feature_cosine/speech2face", "recall_at_1/speech2face/real"} <= scores.keys()
    assert {"attribute_accuracy/colour", "attribute_agreement/size/chance"} <= scores.keys()
    assert "attribute_accuracy/pose" not in scores  # no song tells it
    shutil.copytree(outputs, whole, ignore=shutil.ignore_patterns("speech2face-*"))
    recipe = ["model=speech2face", "~metric"]
    assert "from the start to 16 images" in train(commands, whole, *recipe)
    assert "from 8 images to 16 images" in train(commands, outputs, *recipe)
    assert equal(state(outputs, 16), state(whole, 16))
    for model in ("speech2face", "face_decoder"):
        asked = [f"model={model}", "~metric", "trainer.images=24"]
        more = train(commands, outputs, *asked, ranks=2)
        assert "from 16 images to 24 images" in more
        assert "2 x cpu" in more

    model = load(run)
    time = np.arange(16000) / 16000
    song = (np.sin(2 * np.pi * 2000 * time).astype(np.float32), 16000)
    (bird,) = model.sample(sound=[song])
    assert bird.size == (64, 64)
    assert np.array_equal(np.asarray(bird), np.asarray(model.sample(sound=[song], seed=5)[0]))
    decoder = load(next((outputs / "face_decoder-plumage_song").iterdir()))
    (again,) = decoder.sample(picture=[Image.new("RGB", (80, 80), "red")])
    assert again.size == (64, 64)
