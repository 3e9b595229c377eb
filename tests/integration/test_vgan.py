"""VGAN as commands, of noise, of captions and of pictures: two steps, resumed bit for bit, on in
two processes, and asked for clips; completion, with its scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from experiments import load
from experiments.run import checkpoint
from tests.integration.test_resume import equal
from tests.integration.test_tgans_c import DATA, settings

QUICK = [*DATA, "trainer.sample_every=1000"]
SENTENCE = "digit 6 is moving up and down."
PENALISED = {
    "vgan": ["loss.adversarial.form=relativistic", "loss/gradient_penalty=r1_r2"],
    "vgan_image": ["loss/gradient_penalty=r1", "loss.gradient_penalty.interval=2"],
}
PICTURES = [Image.new("RGB", (40, 40), colour) for colour in ("black", "white")]


def train(commands: Any, outputs: Path, *arguments: str, ranks: int = 1) -> str:
    given = [*settings(commands, outputs), *QUICK]
    return str(commands.ok(*given, *arguments, outputs=None, ranks=ranks).text)


def state(outputs: Path, model: str) -> dict[str, Any]:
    (path,) = outputs.glob(f"{model}-digits/*/checkpoints/images-0000000016.safetensors")
    found = checkpoint.read(path)
    found.pop("elsewhere", None)  # the sentence encoder is a run of the same outputs
    return found


@pytest.mark.parametrize("model", ["vgan", "vgan_text", "vgan_image"])
def test_what_makes_clips(commands: Any, tmp_path: Path, model: str) -> None:
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    recipe = [f"model={model}", "~metric", *PENALISED.get(model, [])]
    train(commands, straight, *recipe)
    if model == "vgan_text":
        (encoder,) = (straight / "sentence_autoencoder-digits").iterdir()
        recipe.append(f"encoder.pretrained={encoder}")
    train(commands, stopped, *recipe, "trainer.images=8")
    assert "from 8 images to 16 images" in train(commands, stopped, *recipe)
    assert equal(state(straight, model), state(stopped, model))
    two = train(commands, stopped, *recipe, "trainer.images=24", ranks=2)
    assert "from 16 images to 24 images" in two and "2 x cpu" in two
    made = load(next((straight / f"{model}-digits").iterdir()))
    asked = {"vgan": {}, "vgan_text": {"caption": [SENTENCE] * 2}}.get(model, {"picture": PICTURES})
    given = made.read(asked)
    one, other = made.make(given, [1, 2]).made["clip"][-1]  # fresh networks differ by little
    (again,) = made.make({name: part.cut(slice(0, 1)) for name, part in given.items()}, [7]).made[
        "clip"
    ][-1]
    assert not torch.equal(one, other)
    assert torch.allclose(one, again, atol=1e-6) == (model == "vgan_image"), "it has no noise"
    clips = made.sample(**asked, count=2)
    assert [clip.shape for clip in clips] == [(8, 24, 24, 3)] * 2
    assert {clip.dtype for clip in clips} == {np.dtype(np.uint8)}


def test_completion_is_scored_beside_a_copy_of_what_is_known(commands: Any, tmp_path: Path) -> None:
    recipe = ["model=vgan_image", "system.hides=both", "metric=completion"]
    train(commands, tmp_path, *recipe)
    (run,) = (tmp_path / "vgan_image-digits").iterdir()
    scores = json.loads((run / "scores.json").read_text())["scores"]
    assert scores["hidden_l1/both"] > scores["hidden_l1/both/copy"] > 0
    assert scores["hidden_l1/both/real"] == 0 and "hidden_psnr/both" in scores
    facts = json.loads((run / "facts.json").read_text())
    assert facts["makes"] == [[["clip"], "clip"]] and "none" in facts["sampled_as"]["noise"]
    clip = np.random.default_rng(0).integers(0, 255, (8, 24, 24, 1), np.uint8)
    (made,) = load(run).sample(clip=[clip])
    kept = (made[..., 0] == clip[..., 0]).mean()
    assert 0.4 < kept < 0.7, "half of it is known, and stays"
