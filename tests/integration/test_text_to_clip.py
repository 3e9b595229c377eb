"""The pipeline of 2017: one command trains all that it builds on; each of its steps goes on bit for
bit, and in two processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from experiments import load
from experiments.run import checkpoint
from tests.integration.test_resume import equal

DATA = ["data=digits", "data.reader.train_clips=60", "data.reader.test_clips=20"]
QUICK = [*DATA, "trainer.sample_every=16"]
# As experiment=antonova_2017, on digits.
PIPELINE = [
    *("model=text_to_clip", "encoder=siamese_pretrained", "encoder/image=cnn"),
    "generator@generator.picture=stackgan_stage1_pretrained",
    *("system.told=false", "system.wrong=null", "generator.skips=false", "loss.known.weight=10"),
]
BUILT_ON = ("sentence_vae", "siamese", "stackgan_stage1")


def train(commands: Any, outputs: Path, *arguments: str, ranks: int = 1) -> str:
    no = ("encoder/", "data.reader.")
    given = [word for word in commands.settings(outputs) if not word.startswith(no)]
    scored = [] if "model=sentence_vae" in arguments else ["~metric"]
    job = commands.ok(*given, *QUICK, *scored, *arguments, outputs=None, ranks=ranks)
    return str(job.text)


def state(outputs: Path, model: str) -> dict[str, Any]:
    (path,) = outputs.glob(f"{model}-digits/*/checkpoints/images-0000000016.safetensors")
    found = checkpoint.read(path)
    found.pop("elsewhere", None)  # what it builds on is a run of the same outputs
    return found


@pytest.fixture(scope="module")
def straight(commands: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs with a run of every step, trained by one command."""
    outputs = tmp_path_factory.mktemp("straight")
    text = train(commands, outputs, *PIPELINE, "trainer.minima=generator")
    for model in BUILT_ON:
        assert f"needs {model}-digits: training it first" in text
    return outputs


def run_of(outputs: Path, model: str) -> Path:
    (found,) = (outputs / f"{model}-digits").iterdir()
    return found


@pytest.mark.parametrize("model", ["sentence_vae", "siamese", "text_to_clip"])
def test_a_step_goes_on(commands: Any, straight: Path, tmp_path: Path, model: str) -> None:
    recipe = [f"model={model}"]
    if model == "siamese":
        recipe.append(f"encoder.text.pretrained={run_of(straight, 'sentence_vae')}")
    if model == "text_to_clip":
        recipe = [*PIPELINE, f"encoder.pretrained={run_of(straight, 'siamese')}"]
        recipe.append(f"generator.picture.pretrained={run_of(straight, 'stackgan_stage1')}")
    train(commands, tmp_path, *recipe, "trainer.images=8")
    assert "from 8 images to 16 images" in train(commands, tmp_path, *recipe)
    assert equal(state(straight, model), state(tmp_path, model))
    two = train(commands, tmp_path, *recipe, "trainer.images=24", ranks=2)
    assert "from 16 images to 24 images" in two and "2 x cpu" in two


def test_a_caption_becomes_a_picture_and_a_clip(straight: Path) -> None:
    run = run_of(straight, "text_to_clip")
    assert json.loads((run / "minima.json").read_text())["looked"] == [8, 16]
    assert (run / "samples" / "steps-images-0000000016.png").is_file()
    model = load(run)
    captions = ["digit 6 is moving up and down."] * 2
    for clip in model.sample(captions):
        assert clip.shape == (8, 24, 24, 3) and clip.dtype == np.uint8
    one, other = model.stages(captions, [0, 1]).made["clip"][-1]
    assert not torch.equal(one, other), "another seed draws another picture"


def test_the_second_step_is_told_the_text_and_sees_drawn_pictures(
    commands: Any, straight: Path, tmp_path: Path
) -> None:
    told = [
        "system.told=true",
        "system.wrong=mixed",
        "system.drawn_share=0.5",
        "loss.known.hidden_weight=0",
    ]
    needs = [
        f"encoder.pretrained={run_of(straight, 'siamese')}",
        f"generator.picture.pretrained={run_of(straight, 'stackgan_stage1')}",
    ]
    train(commands, tmp_path, *PIPELINE[:4], *told, *needs)
    line = json.loads((run_of(tmp_path, "text_to_clip") / "stats.jsonl").read_text().split("\n")[0])
    assert line["discriminator/wrong"] > 0 and line["generator/first_frame"] > 0
