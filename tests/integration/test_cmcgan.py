"""CMCGAN and its classifier as commands: they train, resume bit for bit, go on in two processes and
are asked in both directions; the classifier takes a finished run of CMCGAN."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from experiments import load
from experiments.run import checkpoint
from tests.integration.test_resume import equal

QUICK = ["data=plumage_song", "trainer.sample_every=1000"]


def train(commands: Any, outputs: Path, *arguments: str, ranks: int = 1) -> str:
    # Of the usual settings all but the trunk: these recipes have none to choose.
    given = [word for word in commands.settings(outputs) if not word.startswith("encoder/")]
    return str(commands.ok(*given, *QUICK, *arguments, outputs=None, ranks=ranks).text)


def state(outputs: Path) -> dict[str, Any]:
    (path,) = outputs.glob("cmcgan-plumage_song/*/checkpoints/images-0000000016.safetensors")
    return checkpoint.read(path)


def test_cmcgan_and_its_classifier(commands: Any, tmp_path: Path) -> None:
    recipe = ["model=cmcgan", "~metric", "system.generator_steps=2"]
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    train(commands, straight, *recipe)
    train(commands, stopped, *recipe, "trainer.images=8")
    assert "from 8 images to 16 images" in train(commands, stopped, *recipe)
    assert equal(state(straight), state(stopped))
    two = train(commands, stopped, *recipe, "trainer.images=24", ranks=2)
    assert "from 16 images to 24 images" in two and "2 x cpu" in two

    (run,) = (straight / "cmcgan-plumage_song").iterdir()
    made = load(run)
    song = np.sin(np.arange(16000) * 0.3).astype(np.float32), 16000
    pictures = made.sample(sound=[song, song])
    assert [picture.size for picture in pictures] == [(16, 16)] * 2
    assert pictures[0] != pictures[1], "another seed"
    ((heard, rate),) = made.sample(picture=[Image.new("RGB", (40, 40), "red")])
    assert rate == 16000 and heard.shape == (65536,) and np.isfinite(heard).all()

    told = ["model=cmcgan_classifier", f"generator.pretrained={run}"]
    told.append("optim.classifier.decay_to_zero=null")  # which would make a longer run another one
    train(commands, straight, *told, "trainer.images=8")
    more = train(commands, straight, *told, ranks=2)
    assert "from 8 images to 16 images" in more
    (found,) = (straight / "cmcgan_classifier-plumage_song").iterdir()
    assert str(run) in (found / "run.json").read_text()
    scores = json.loads((found / "scores.json").read_text())["scores"]
    assert {"told_by_both/colour", "told_by_generated_sound/size/chance"} <= set(scores)
