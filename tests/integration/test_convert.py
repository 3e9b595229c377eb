"""From released files to pictures and scores, by the command lines of docs/convert.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from experiments import load
from experiments.run import checkpoint
from experiments.run.folder import by_images

sys.path.insert(0, str(Path(__file__).parents[1] / "convert"))
from released_files import save_as_in_2018, save_captions
from released_networks import WORDS, attngan_shapes, image_shapes, random_state, text_shapes


def convert(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "experiments.convert", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Released files of one stage, thin, and the command that converts them."""
    folder = tmp_path_factory.mktemp("released")
    generator = random_state(attngan_shapes(2, stages=1))
    save_as_in_2018(generator, folder / "bird_AttnGAN2.pth")
    torch.save(random_state(text_shapes()), folder / "text_encoder200.pth")
    save_captions(folder / "captions.pickle")
    found = ["attngan", "--data", "folder"]
    found += ["--generator", str(folder / "bird_AttnGAN2.pth")]
    found += ["--text-encoder", str(folder / "text_encoder200.pth")]
    return [*found, "--captions", str(folder / "captions.pickle")]


@pytest.fixture(scope="module")
def run(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("outputs") / "attngan-folder" / "released"
    job = convert(*command, "--out", str(place))
    assert job.returncode == 0, job.stderr
    assert "AttnGAN: 1 stage (published are 3) up to 64 px, width 2" in job.stdout
    assert f"task=sample run={place}" in job.stdout
    return place


def test_captions_are_drawn(commands: Any, run: Path) -> None:
    text = "a small red bird"
    commands.ok("task=sample", f"run={run}", f"text={text}", "num_samples=2", outputs=None)
    (folder,) = (run / "drawn").iterdir()
    drawn = load(run).sample([text] * 2, seed=0)
    for seed, image in enumerate(drawn):
        saved = np.asarray(Image.open(folder / f"seed-{seed}.png")).astype(int)
        assert np.abs(saved - np.asarray(image).astype(int)).max() <= 1


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Pictures with captions of the released words."""
    for split in ("train", "test"):
        (tmp_path / "data" / split).mkdir(parents=True)
        for number, word in enumerate(WORDS[2:6]):
            place = tmp_path / "data" / split / f"{number}.png"
            Image.new("RGB", (64, 64), (50 * number, 90, 20)).save(place)
            caption = f"a {word} with small red blue yellow crown bird"
            place.with_suffix(".txt").write_text(caption)
    return tmp_path / "data"


def test_it_is_scored_without_the_encoder_of_pictures(
    commands: Any, run: Path, data: Path, tmp_path: Path
) -> None:
    job = commands.ok(
        "task=evaluate",
        f"run={run}",
        f"+data.root={data}",
        f"paths.cache={tmp_path / 'cache'}",
        "metric.independent=null",
        "metric.samples=4",
        "metric.splits=2",
        "launch.threads=1",
        outputs=None,
    )
    assert "training it first" not in job.text, "these pictures have no attributes to classify"
    (file,) = (run / "evaluations").iterdir()
    scores = json.loads(file.read_text())
    assert scores["skipped"]["r_precision/damsm"] == "the run's encoder has no image network"
    assert scores["skipped"]["r_precision/damsm"] in job.text
    assert not any(name.startswith("r_precision") for name in scores["scores"])
    assert "frechet/efficientnet_lite0" in scores["scores"]


def test_a_mistake_is_one_line(command: list[str], tmp_path: Path) -> None:
    file = command[command.index("--text-encoder") + 1]
    job = convert("stackgan_v2", "--generator", file, "--out", str(tmp_path / "run"))
    assert job.returncode == 2 and not job.stdout
    (line,) = job.stderr.splitlines()
    assert line.startswith(f"error: {file}: is AttnGAN's text encoder, not StackGAN-v2's generator")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_training_goes_on_from_a_release_and_a_stage_grows_on_it(
    command: list[str], commands: Any, data: Path, tmp_path: Path
) -> None:
    """With the released DAMSM as judge; its image network looks at 299 px."""
    image, place = tmp_path / "image_encoder200.pth", tmp_path / "released"
    torch.save(random_state(image_shapes()), image)
    job = convert(*command, "--image-encoder", str(image), "--out", str(place))
    assert job.returncode == 0, job.stderr
    shared = ["data=folder", f"data.root={data}", "encoder/image=inception_v3", "~metric"]
    shared += [f"encoder.pretrained={place}", "generator.legacy_mask=true", "generator.width=2"]
    shared += ["generator.residual_blocks=2", "generator.initial_width=null", "trainer.images=8"]
    here = [f"paths.outputs={tmp_path}", f"paths.cache={tmp_path / 'cache'}", "tracker=none"]
    tiny = ["debug=tiny", "launch.threads=1", *here]
    commands.ok(
        *tiny,
        *shared,
        "model=attngan",
        "generator=attngan_3stage_pretrained",
        f"generator.pretrained={place}",
        "generator.resolutions=[64]",
        outputs=None,
    )
    (run,) = (tmp_path / "attngan-folder").iterdir()
    before, after = (read_newest(folder)["export"] for folder in (place, run))
    moved = [k for k, v in before["generator"].items() if not torch.equal(v, after["generator"][k])]
    assert moved and all(torch.equal(v, after["encoder"][k]) for k, v in before["encoder"].items())
    commands.ok(
        *tiny,
        *shared,
        "model=attngan_grown",
        f"generator.first.pretrained={place}",
        "discriminator.first.pretrained=null",
        "generator.resolutions=[64,128]",
        "system.frozen_images=8",
        outputs=None,
    )
    (grown,) = (tmp_path / "attngan_grown-folder").iterdir()
    after = read_newest(grown)["export"]["generator"]
    assert all(torch.equal(v, after[k]) for k, v in before["generator"].items())
    judges = checkpoint.load_newest(grown)["optimisers"]["discriminator"]["state"]
    assert len(judges) > 20, "fresh ones of both stages train"


def read_newest(run: Path) -> dict[str, Any]:
    return checkpoint.read(by_images(run, "weights")[0])
