"""From nothing to scores: what a run prints, and what lies in its folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from experiments.run.stats import StatsFile


def only(folder: Path) -> Path:
    """The one run in a folder of runs."""
    (found,) = folder.iterdir()
    return found


def test_prerequisites_are_trained_first_and_scored(trained: Path) -> None:
    log = (trained / "log").read_text()
    steps = [
        "encoder needs damsm-plumage: training it first",
        "damsm-plumage is trained: r_precision/damsm/real",
        "metric.classifier needs classifier-plumage: training it first",
        "classifier-plumage is trained: attribute_accuracy/mean/real",
        "attngan_4stage-plumage: 16/16 images (100%)",
        "Fréchet distance (efficientnet_lite0)",
    ]
    places = [log.find(step) for step in steps]
    assert places == sorted(places) and places[0] >= 0, log
    assert sorted(path.name for path in trained.iterdir() if path.is_dir()) == [
        "attngan_4stage-plumage",
        "classifier-plumage",
        "damsm-plumage",
    ]


def test_the_folder_holds_what_the_page_says(trained: Path) -> None:
    run = only(trained / "attngan_4stage-plumage")
    names = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    assert names - {"git.patch"} == {  # which is there where the tree differs from the commit
        "code.json",
        ".lock",
        "config.yaml",
        "run.json",
        "facts.json",
        "environment.json",
        "git.json",
        "stats.jsonl",
        "scores.json",
        "card.md",
        "score_samples.npz",
        "samples/captions.json",
        "samples/real.png",
        "samples/images-0000000008.png",
        "samples/images-0000000016.png",
        "samples/attention-images-0000000008.png",
        "samples/attention-images-0000000016.png",
        "checkpoints/images-0000000008.safetensors",
        "checkpoints/images-0000000016.safetensors",
        "weights/images-0000000016.safetensors",
    }
    about = json.loads((run / "run.json").read_text())
    assert about["id"] == run.name
    assert about["built_on"]["encoder"] == str(only(trained / "damsm-plumage"))
    lines = [line["images"] for line in StatsFile.read(run / "stats.jsonl")]
    assert lines == [4, 8, 12, 16, 16]  # the last are the scores


def test_a_finished_run_says_so_at_once(commands: Any, trained: Path) -> None:
    """Its scores come from its folder: nothing is built, and torch is not even loaded."""

    def files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in trained.rglob("*")}

    before, root = files(), Path(__file__).parents[2]
    command = [sys.executable, "-X", "importtime", str(root / "run.py")]
    command += [*commands.settings(trained), "metric.independent=null"]
    ended = subprocess.run(
        command,
        cwd=trained,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = ended.stderr.splitlines()
    said = [line for line in lines if not line.startswith("import time:")]
    assert said == [
        f"{only(trained / 'attngan_4stage-plumage')} is finished; raise trainer.images to train on"
    ]
    assert "Fréchet distance (efficientnet_lite0)" in ended.stdout
    assert "12 generated against 12 real images" in ended.stdout
    assert not {"torch", "datasets"} & {line.rpartition("|")[2].strip() for line in lines}
    assert files() == before
