"""TGANs-C: trains its sentence encoder first, resumes bit for bit, goes on in two processes, and is
asked for clips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from experiments import load
from experiments.run import checkpoint
from tests.integration.test_resume import equal

DATA = ["data=digits", "data.reader.train_clips=60", "data.reader.test_clips=20"]
QUICK = [*DATA, "~metric", "trainer.sample_every=1000"]


def settings(commands: Any, outputs: Path) -> list[str]:
    """The usual ones, without those of birds and of networks that other recipes have."""
    no = ("encoder/", "data.reader.")
    return [word for word in commands.settings(outputs) if not word.startswith(no)]


def train(commands: Any, outputs: Path, *arguments: str, ranks: int = 1) -> str:
    given = settings(commands, outputs)
    job = commands.ok(*given, *QUICK, *arguments, outputs=None, ranks=ranks)
    return str(job.text)


def state(outputs: Path) -> dict[str, Any]:
    (path,) = outputs.glob("tgans_c-digits/*/checkpoints/images-0000000016.safetensors")
    found = checkpoint.read(path)
    found.pop("elsewhere", None)  # the sentence encoder is a run of the same outputs
    return found


def test_a_caption_becomes_a_clip(commands: Any, tmp_path: Path) -> None:
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    first = train(commands, straight, "model=tgans_c")
    assert "encoder needs sentence_autoencoder-digits: training it first" in first
    assert f"\nclips:    {straight}" in first and "pictures:" not in first
    (encoder,) = (straight / "sentence_autoencoder-digits").iterdir()
    recipe = ["model=tgans_c", f"encoder.pretrained={encoder}"]
    train(commands, stopped, *recipe, "trainer.images=8")
    assert "from 8 images to 16 images" in train(commands, stopped, *recipe)
    assert equal(state(straight), state(stopped))
    two = train(commands, stopped, *recipe, "trainer.images=24", ranks=2)
    assert "from 16 images to 24 images" in two and "2 x cpu" in two
    made = load(next((straight / "tgans_c-digits").iterdir()))
    one, other = made.sample(["digit 6 is moving up and down."] * 2)
    assert one.shape == (8, 24, 24, 3) and one.dtype == np.uint8
    assert not np.array_equal(one, other), "another seed"


def test_the_sentence_encoder_is_scored(commands: Any, tmp_path: Path) -> None:
    """Words that come back, told the true ones before them and by itself."""
    given = settings(commands, tmp_path)
    commands.ok(*given, *DATA, "model=sentence_autoencoder", outputs=None)
    (path,) = tmp_path.glob("sentence_autoencoder-digits/*/scores.json")
    found = json.loads(path.read_text())["scores"]
    assert 0 <= found["sentence_accuracy/free_running"] <= found["token_accuracy/free_running"] <= 1
    assert 0 <= found["token_accuracy/teacher_forced"] <= 1
    assert 0 < found["token_accuracy/free_running/chance"] < 0.5
