"""The three text encoders of the joint embedding: trained, resumed, scored and shared out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments import load
from experiments.run import checkpoint

THIN = ["encoder.dim=8", "encoder.text.width=8", "optim.embedding.decay_to_zero=null"]
MODELS = ["char_cnn_rnn", "word_cnn_rnn", "word_lstm"]


def state(outputs: Path, model: str, images: int = 16) -> dict[str, Any]:
    (path,) = outputs.glob(f"{model}-plumage/*/checkpoints/images-{images:010d}.safetensors")
    found = checkpoint.read(path)
    return {part: found[part] for part in ("images", "system", "export", "optimisers")}


def weights(outputs: Path, model: str) -> dict[str, torch.Tensor]:
    found = state(outputs, model)["system"]
    return {name: value for name, value in found.items() if value.is_floating_point()}


@pytest.fixture(scope="module")
def straight(commands: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs with a run of every encoder."""
    outputs = tmp_path_factory.mktemp("straight")
    for model in MODELS:
        job = commands.ok(*THIN, f"model={model}", outputs=outputs)
        assert f"zero-shot accuracy ({model})" in job.text
    return outputs


@pytest.mark.parametrize("model", MODELS)
def test_every_encoder_is_scored(straight: Path, model: str) -> None:
    (file,) = straight.glob(f"{model}-plumage/*/scores.json")
    found = json.loads(file.read_text())
    assert found["images"] == 16
    assert found["scores"][f"zero_shot/{model}/chance"] == 1 / 4
    assert 0 <= found["scores"][f"precision_at_10/{model}/real"] <= 1
    assert found["skipped"] == {f"precision_at_50/{model}": "there are 12 images to retrieve"}


def test_scored_again_with_fewer_captions(commands: Any, straight: Path) -> None:
    """What the run has is what the command may change, whatever the default recipe has."""
    (run,) = (straight / "word_lstm-plumage").iterdir()
    config = run / "config.yaml"  # as it was written before readers moved
    config.write_text(config.read_text().replace("experiments.data.reader.", "experiments.data."))
    assert "experiments.data.plumage.Plumage" in config.read_text()
    job = commands.ok("task=evaluate", f"run={run}", "metric.captions=2", outputs=None)
    assert "zero-shot accuracy (word_lstm)" in job.text
    (file,) = (run / "evaluations").iterdir()
    assert "zero_shot/word_lstm/chance" in json.loads(file.read_text())["scores"]


def test_stop_at_half_and_go_on(commands: Any, straight: Path, tmp_path: Path) -> None:
    command = [*THIN, "model=char_cnn_rnn", "~metric"]
    commands.ok(*command, "trainer.images=8", outputs=tmp_path)
    resumed = commands.ok(*command, outputs=tmp_path)
    assert "from 8 images to 16 images" in resumed.text
    first, second = (state(outputs, "char_cnn_rnn") for outputs in (straight, tmp_path))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


@pytest.mark.slow
def test_two_processes_arrive_where_one_does(commands: Any, tmp_path: Path) -> None:
    """Without statistics over the batch; violations are those of the pairs of both."""
    image = ["encoder/image=cnn", "+encoder.image.norm=group", "encoder.image.widths=[4,8,8,8]"]
    command = [*THIN, "model=char_cnn_rnn", *image, "~metric", "optim.embedding.lr=1e-4"]
    commands.ok(*command, outputs=tmp_path / "one")
    job = commands.ok(*command, outputs=tmp_path / "two", ranks=2)
    assert "2 x cpu" in job.text
    one, two = (weights(tmp_path / name, "char_cnn_rnn") for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=2e-4, atol=2e-5, msg=name)


def test_a_gan_draws_from_letters(commands: Any, straight: Path) -> None:
    """It takes the encoder from its finished run, and sentences alone from the encoder."""
    command = [*THIN[:2], "model=gan_cls", "encoder=char_cnn_rnn_pretrained", "~metric"]
    need = f"encoder.pretrained={next((straight / 'char_cnn_rnn-plumage').iterdir())}"
    commands.ok(*command, need, outputs=straight)
    (run,) = (straight / "gan_cls-plumage").iterdir()
    assert (run / "samples" / "images-0000000016.png").is_file()
    model = load(run)
    one, _ = model.sample(["A red bird", "a bird"])
    assert one.size == (64, 64)
    first, again = (model.stages([text], [0]) for text in ("A red bird", "a red bird"))
    assert torch.equal(first.images[-1], again.images[-1])  # capitals are lowered
    assert not torch.equal(first.images[-1], model.stages(["a bird"], [0]).images[-1])
    job = commands.ok("task=sample", f"run={run}", "text=xyzzé", outputs=straight)
    assert "characters that the model has never seen: é" in job.text


def test_a_batch_has_no_more_pictures_than_there_are_classes(commands: Any, tmp_path: Path) -> None:
    job = commands.run(*THIN, "model=word_lstm", "trainer.batch=16", outputs=tmp_path)
    assert job.wait() == 2
    (line,) = job.errors
    assert "trainer.batch=16" in line and "at most 8" in line
