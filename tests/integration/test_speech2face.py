"""A bird by its song: Speech2Face, and the face decoder that it needs, on the smallest networks."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from experiments import load
from experiments.run import checkpoint
from tests.integration.test_resume import equal

SONG = ["data=plumage_song", "trainer.sample_every=1000"]


def state(outputs: Path, images: int) -> dict[str, Any]:
    name = f"speech2face-plumage_song/*/checkpoints/images-{images:010d}.safetensors"
    (path,) = outputs.glob(name)
    found = checkpoint.read(path)
    for origin in found["elsewhere"]["origins"]:
        del origin["run"]
    return found


def test_it_trains_stops_goes_on_and_tells_a_bird(commands: Any, tmp_path: Path) -> None:
    outputs, whole = tmp_path / "outputs", tmp_path / "whole"
    voice, face = ["model=speech2face", *SONG], ["model=face_decoder", *SONG]
    first = commands.ok(*voice, "trainer.images=8", outputs=outputs)
    for name in ("face_decoder-plumage_song: training it first", "classifier-plumage_song"):
        assert name in first.text
    shutil.copytree(outputs, whole, ignore=shutil.ignore_patterns("speech2face-*"))
    straight = commands.ok(*voice, "~metric", outputs=whole)
    assert "from the start to 16 images" in straight.text
    again = commands.ok(*voice, "~metric", outputs=outputs)
    assert "from 8 images to 16 images" in again.text
    assert equal(state(outputs, 16), state(whole, 16))
    for recipe in (voice, face):
        more = commands.ok(*recipe, "~metric", "trainer.images=24", outputs=outputs, ranks=2)
        assert "from 16 images to 24 images" in more.text
        assert "2 x cpu" in more.text

    (run,) = (outputs / "speech2face-plumage_song").iterdir()
    model = load(run)
    time = np.arange(16000) / 16000
    song = (np.sin(2 * np.pi * 2000 * time).astype(np.float32), 16000)
    (bird,) = model.sample(sound=[song])
    assert bird.size == (64, 64)
    assert np.array_equal(np.asarray(bird), np.asarray(model.sample(sound=[song], seed=5)[0]))
    (again_from,) = load(next((outputs / "face_decoder-plumage_song").iterdir())).sample(
        picture=[Image.fromarray(np.full((64, 64, 3), 200, np.uint8))]
    )
    assert again_from.size == (64, 64)
    assert all(torch.isfinite(p).all() for p in model.system.parameters())
