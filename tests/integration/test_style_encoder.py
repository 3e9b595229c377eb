"""The style encoder: its generator trained first, stopped and resumed, shared out, and used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from experiments.run import checkpoint
from experiments.sample.style import load_style, transfer_sheet
from experiments.terminal.error import UserError

STYLE = ["model=style_encoder", "trainer.sample_every=1000"]
QUICK = [*STYLE, "~metric"]
CAPTIONS = ["a red bird with a black crown", "a blue bird", "this bird is yellow and flying"]


def state(outputs: Path, images: int = 16) -> dict[str, Any]:
    (path,) = outputs.glob(f"style_encoder-plumage/*/checkpoints/images-{images:010d}.safetensors")
    found = checkpoint.read(path)
    return {part: found[part] for part in ("images", "system", "export", "optimisers")}


@pytest.fixture(scope="module")
def straight(commands: Any, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs with a finished style encoder and the gan_int_cls that it had trained first."""
    outputs = tmp_path_factory.mktemp("straight")
    shutil.copytree(trained / "damsm-plumage", outputs / "damsm-plumage")
    job = commands.ok(*QUICK, outputs=outputs)
    assert "generator needs gan_int_cls-plumage: training it first" in job.text
    assert "from the start to 16 images" in job.text
    return outputs


@pytest.fixture(scope="module")
def gan(straight: Path) -> str:
    """The setting that names the generator's run."""
    (folder,) = (straight / "gan_int_cls-plumage").iterdir()
    return f"generator.pretrained={folder}"


@pytest.fixture(scope="module")
def run(straight: Path) -> Path:
    (folder,) = (straight / "style_encoder-plumage").iterdir()
    return folder


def test_stop_at_half_and_go_on(commands: Any, straight: Path, gan: str, tmp_path: Path) -> None:
    """With the generator given by its folder, and its text encoder nowhere else."""
    half = commands.ok(*QUICK, gan, "trainer.images=8", outputs=tmp_path)
    assert "training it first" not in half.text
    more = commands.ok(*QUICK, gan, outputs=tmp_path)
    assert "from 8 images to 16 images" in more.text
    assert [path.name for path in (tmp_path / "style_encoder-plumage").iterdir()] == [
        path.name for path in (straight / "style_encoder-plumage").iterdir()
    ], "the same run, whether its generator is found or given"
    torch.testing.assert_close(state(tmp_path), state(straight), rtol=0, atol=0)


@pytest.mark.slow
def test_two_processes_arrive_where_one_does(commands: Any, gan: str, tmp_path: Path) -> None:
    command = [*QUICK, gan, "style.norm=group", "optim.style.lr=1e-4", "trainer.images=8"]
    commands.ok(*command, outputs=tmp_path / "one")
    job = commands.ok(*command, outputs=tmp_path / "two", ranks=2)
    assert "2 x cpu" in job.text
    one, two = (state(tmp_path / name, 8)["export"]["style"] for name in ("one", "two"))
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=2e-4, atol=2e-5, msg=name)


def test_a_generator_that_attends_and_the_scores(
    commands: Any, trained: Path, outputs: Path
) -> None:
    (attngan,) = (trained / "attngan_4stage-plumage").iterdir()
    choice = ["generator=attngan_4stage_pretrained", f"generator.pretrained={attngan}"]
    job = commands.ok("model=style_encoder", *choice, outputs=outputs)
    assert "squared error of the noise (style)" in job.text
    (run,) = (outputs / "style_encoder-plumage").iterdir()
    found = json.loads((run / "scores.json").read_text())
    assert found["scores"]["noise_error/style"] > 0
    assert 0 <= found["scores"]["attribute_kept/background"] <= 1
    assert found["protocol"]["n_fake"] == 12
    assert (run / "samples" / "images-0000000016.png").is_file()
    again = commands.ok("task=evaluate", f"run={run}", "launch.threads=1", outputs=None)
    assert "attribute kept (background)" in again.text


def test_another_generator_is_refused(commands: Any, gan: str, tmp_path: Path) -> None:
    job = commands.run(*QUICK, gan, "generator.projected_dim=64", outputs=tmp_path)
    assert job.wait() == 2
    (line,) = job.errors
    assert "its generator is not the one" in line
    assert "projected_dim is 128 there and 64 here" in line


def test_a_sheet_of_pictures_and_captions(run: Path, straight: Path, tmp_path: Path) -> None:
    kept = shutil.copytree(run, tmp_path / "alone")  # without the run of its generator
    model, other = load_style(run), load_style(kept)
    square = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    square.resize((90, 70)).save(tmp_path / "wide.png")
    pictures = [square, tmp_path / "wide.png"]
    noise = model.encode(pictures)
    assert noise.shape == (2, 100) and not torch.equal(noise[0], noise[1])
    made = model.transfer(pictures, CAPTIONS, seed=3)
    assert made.shape == (2, 3, 3, 64, 64) and made.abs().max() <= 1
    torch.testing.assert_close(other.transfer(pictures, CAPTIONS, seed=3), made)
    # Every cell is its own: one picture with one caption gives the same.
    alone = model.transfer(model.read(pictures)[1:], CAPTIONS[:1], seed=3)
    torch.testing.assert_close(alone[0, 0], made[1, 0], rtol=1e-4, atol=1e-4)
    sheet = transfer_sheet(model, pictures, CAPTIONS)
    margin = 9
    assert sheet.width == margin + 4 * (192 + margin)
    assert sheet.height > 2 * (192 + margin)
    first = sheet.crop((margin, sheet.height - 2 * 201, margin + 192, sheet.height - 201 - margin))
    assert np.array_equal(np.asarray(first)[1::3, 1::3], np.asarray(square))


def test_pictures_of_other_people(run: Path, trained: Path, tmp_path: Path) -> None:
    model = load_style(run)
    (tmp_path / "text.png").write_text("no picture")
    Image.new("1", (9000, 9000)).save(tmp_path / "huge.png")
    for name, reason in (
        ("none.png", "file is missing"),
        ("text.png", "not a picture"),
        ("huge.png", "too many pixels"),
    ):
        path = tmp_path / name
        with pytest.raises(UserError, match=f"sample.picture={path}: .*{reason}"):
            model.read([path], "sample.picture")
    with pytest.raises(UserError, match="no picture was given"):
        model.encode([])
    with pytest.raises(UserError, match="no word is known"):
        model.transfer([Image.new("L", (20, 30))], ["xyzzy"])
    with pytest.raises(UserError, match="no caption"):
        model.transfer([Image.new("RGBA", (20, 30))], [])
    (attngan,) = (trained / "attngan_4stage-plumage").iterdir()
    with pytest.raises(UserError, match="take a run of model=style_encoder"):
        load_style(attngan)


def test_task_sample_draws_in_the_style_of_a_picture(
    commands: Any, run: Path, gan: str, tmp_path: Path
) -> None:
    Image.new("RGB", (80, 60), (200, 30, 30)).save(tmp_path / "red.png")
    command = ["task=sample", f"run={run}", "text=[a red bird, a blue bird]"]
    job = commands.ok(*command, f"sample.picture={tmp_path / 'red.png'}", outputs=None)
    (sheet,) = run.glob("drawn/style-*/sheet.png")
    assert str(sheet) in job.text and "in the style of 1 picture: " in job.text
    assert len(list(sheet.parent.glob("1-red-*-a-*-bird-*.png"))) == 2
    for wrong, line in (
        ([], "name one or more: sample.picture=owl.jpg"),
        ([f"sample.picture={tmp_path / 'none.png'}"], "there is no such file"),
        ([f"sample.picture={tmp_path}/red.png", "sample.stages=true"], "sample.stages: not with"),
    ):
        job = commands.run(*command, *wrong, outputs=None)
        assert job.wait() == 2 and len(job.errors) == 1 and line in job.errors[0]
    other = gan.partition("=")[2]
    job = commands.run("task=sample", f"run={other}", command[2], "sample.picture=a", outputs=None)
    assert job.wait() == 2 and "reads no styles" in job.errors[0]
