"""From a training command to pictures on a machine that has nothing but the export."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from experiments import load
from experiments.terminal.error import UserError

CAPTIONS = ["a small bird with a red crown", "a blue bird"]
KEY = "0123456789abcdef0123456789abcdef01234567"
DRAW = (
    "import sys, numpy as np\n"
    "from experiments import load\n"
    f"images = load(sys.argv[1]).sample({CAPTIONS!r}, seed=3)\n"
    "np.save(sys.argv[2], np.stack([np.asarray(image) for image in images]))\n"
)


@pytest.fixture(scope="module")
def copied(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run with the runs beside it, to write into."""
    outputs = shutil.copytree(trained, tmp_path_factory.mktemp("marianne") / "outputs")
    (run,) = (outputs / "attngan_4stage-plumage").iterdir()
    return run


@pytest.fixture(scope="module")
def export(commands: Any, copied: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("shared") / "birds"
    commands.ok("task=export", f"run={copied}", f"export.folder={place}", outputs=None)
    return place


def test_every_finished_run_has_a_card(trained: Path) -> None:
    runs = [path.parent for path in trained.glob("*/*/run.json")]
    assert len(runs) == 3
    for run in runs:
        text = (run / "card.md").read_text()
        assert f"# {run.parent.name} {run.name}\n" in text
        assert "| split `train` | 24 images of 8 classes" in text
        assert "training time" in text and str(trained) not in text
        alone = "This command alone makes another run" in text
        assert alone == (not run.parent.name.startswith("attngan")), "others share its settings"


def test_a_card_that_is_gone_comes_back(commands: Any, copied: Path) -> None:
    before = (copied / "card.md").read_text()
    (copied / "card.md").unlink()
    job = commands.ok("metric.independent=null", outputs=copied.parents[1])
    assert "is finished" in job.text
    assert (copied / "card.md").read_text() == before


def test_the_same_pixels_with_nothing_else_there(
    copied: Path, export: Path, tmp_path: Path
) -> None:
    outputs = copied.parents[1]
    drawn = load(copied).sample(CAPTIONS, seed=3)
    hidden = outputs.rename(outputs.with_name("away"))
    try:
        home = tmp_path / "home"
        home.mkdir()
        place = shutil.move(export, tmp_path / "elsewhere")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("BIRDSONG", "HF_"))}
        environment = kept | {"HOME": str(home), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", DRAW, str(place), str(home / "drawn.npy")]
        subprocess.run(command, env=environment, cwd=home, check=True, timeout=120)
        shutil.move(place, export)
    finally:
        hidden.rename(outputs)
    found = np.load(home / "drawn.npy")
    assert np.array_equal(found, np.stack([np.asarray(image) for image in drawn]))


def test_it_is_drawn_with_by_a_command(commands: Any, copied: Path, export: Path) -> None:
    ask = ["task=sample", "num_samples=1", "text=a blue bird", "seed=4"]
    for folder in (copied, export):
        commands.ok(*ask, f"run={folder}", outputs=None)
    pictures = [next(folder.glob("drawn/*/seed-4.png")) for folder in (copied, export)]
    one, other = (np.asarray(Image.open(path)) for path in pictures)
    assert np.array_equal(one, other)


def test_an_encoder_is_built_on(commands: Any, copied: Path, outputs: Path, tmp_path: Path) -> None:
    """The run is the one that would be found, and its weights are those of the export."""
    (damsm,) = (copied.parents[1] / "damsm-plumage").iterdir()
    place = tmp_path / "damsm"
    commands.ok("task=export", f"run={damsm}", f"export.folder={place}", outputs=None)
    quick = ["~metric", "trainer.sample_every=1000", "trainer.images=8"]
    commands.ok(*quick, f"encoder.pretrained={place}", outputs=outputs)
    (run,) = (outputs / "attngan_4stage-plumage").iterdir()
    job = commands.ok(*quick, outputs=outputs)
    assert f"{run} is finished" in job.text
    with pytest.raises(UserError, match="draws no pictures"):
        load(place)


def test_no_secret_is_exported(commands: Any, copied: Path, tmp_path: Path) -> None:
    """A key in the environment that found its way into a run, and the home folder."""
    home = tmp_path / "home" / "marianne"
    run = shutil.copytree(copied, home / "outputs" / "attngan_4stage-plumage" / copied.name)
    for name in ("config.yaml", "run.json"):
        text = (run / name).read_text()
        planted = f"{KEY} {home}/birds"
        if name == "config.yaml":
            text += f"\nnote: {planted}\n"
        else:
            text = text.replace('"overrides": [', f'"overrides": ["+note={planted}",', 1)
        (run / name).write_text(text)
    (run / "card.md").unlink()
    environment = {"HOME": str(home), "LOGNAME": "marianne", "WANDB_API_KEY": KEY}
    commands.ok("task=export", f"run={run}", outputs=None, env=environment)
    files = [path for path in (run / "export").rglob("*") if path.is_file()]
    assert len(files) >= 9
    for path in [*files, run / "card.md"]:
        content = path.read_bytes()
        for secret in (KEY, "marianne", str(tmp_path)):
            assert secret.encode() not in content, (path, secret)
