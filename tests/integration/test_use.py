"""What can be done with a finished run: draw, score again, start again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from experiments import load
from experiments.terminal.error import UserError

CAPTION = "a small bird with a red crown"


@pytest.fixture(scope="module")
def run(trained: Path) -> Path:
    (folder,) = (trained / "attngan_4stage-plumage").iterdir()
    return folder


@pytest.fixture
def copied(run: Path, tmp_path: Path) -> Path:
    """The run with the runs beside it, to write into."""
    outputs = shutil.copytree(run.parents[1], tmp_path / "outputs")
    return outputs / run.parent.name / run.name


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def test_sampling_in_python(run: Path) -> None:
    model = load(run)
    captions = [CAPTION, "a blue bird", "this bird is yellow"]
    drawn = model.sample(captions, seed=0)
    assert [image.size for image in drawn] == [(64, 64)] * 3
    assert all(image.mode == "RGB" for image in drawn)
    again = load(str(run)).sample(captions, seed=0)
    assert all(np.array_equal(pixels(a), pixels(b)) for a, b in zip(drawn, again, strict=True))
    other = model.sample(captions, seed=7)
    assert not np.array_equal(pixels(drawn[0]), pixels(other[0]))


def test_a_picture_depends_on_its_caption_its_place_and_the_seed(run: Path) -> None:
    model = load(run)
    first, second = model.sample([CAPTION, "a blue bird"], seed=3)
    # Sums over another batch may round differently: one grey level at most.
    for alone, beside in (
        (model.sample([CAPTION], seed=3)[0], first),
        (model.sample(["a blue bird"], seed=4)[0], second),
    ):
        assert np.abs(pixels(alone) - pixels(beside)).max() <= 1
    many = model.sample([CAPTION] * 20, seed=3)
    assert np.abs(pixels(many[0]) - pixels(first)).max() <= 1
    last = model.sample([CAPTION], seed=22)[0]
    assert np.abs(pixels(many[19]) - pixels(last)).max() <= 1


def test_what_cannot_be_sampled(run: Path, trained: Path, tmp_path: Path) -> None:
    model = load(run)
    with pytest.raises(UserError, match="no word is known"):
        model.sample([CAPTION, "xyzzy plugh"])
    with pytest.raises(UserError, match="no caption"):
        model.sample([])
    with pytest.raises(UserError, match="not the folder of a run"):
        load(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        load(tmp_path / "nothing")
    (damsm,) = (trained / "damsm-plumage").iterdir()
    with pytest.raises(UserError, match="draws no pictures"):
        load(damsm)


def test_weights_are_enough_to_sample(copied: Path) -> None:
    before = load(copied).sample([CAPTION])[0]
    shutil.rmtree(copied / "checkpoints")
    shutil.rmtree(copied.parents[1] / "damsm-plumage")
    assert np.array_equal(pixels(load(copied).sample([CAPTION])[0]), pixels(before))


def test_task_sample_writes_pictures(commands: Any, copied: Path) -> None:
    text = "text=a small red bird, with 'black' wings and \"xyzzy\""
    command = ["task=sample", f"run={copied}", "num_samples=2", "seed=5", text]
    job = commands.ok(*command, outputs=copied.parents[1])
    (folder,) = (copied / "drawn").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == [
        "attention.png",
        "seed-5.png",
        "seed-6.png",
        "sheet.png",
    ]
    assert str(folder) in job.text and "never seen: xyzzy" in job.text
    caption = text.removeprefix("text=")
    drawn = load(copied).sample([caption] * 2, seed=5)
    saved = [Image.open(folder / f"seed-{seed}.png") for seed in (5, 6)]
    for ours, theirs in zip(drawn, saved, strict=True):
        assert np.abs(pixels(ours) - pixels(theirs)).max() <= 1


def test_task_sample_reads_a_file(commands: Any, copied: Path, tmp_path: Path) -> None:
    file = tmp_path / "captions.txt"
    file.write_text(f"{CAPTION}\n\na blue bird\n")
    more = ["sample.stages=true", "sample.attention=false", "num_samples=1"]
    job = commands.ok("task=sample", f"run={copied}", f"sample.file={file}", *more, outputs=None)
    assert "blank lines skipped: 1" in job.text and "all captions: " in job.text
    names = sorted(path.name for path in (copied / "drawn").glob("a-blue-bird-*/*"))
    small = [f"seed-0-{side}px.png" for side in (16, 32, 8)]
    assert names == [*small, "seed-0.png", "sheet.png", "stages.png"]
    (picture,) = (copied / "drawn").glob("a-blue-bird-*/seed-0.png")
    (alone,) = load(copied).sample(["a blue bird"], seed=0)
    assert np.abs(pixels(Image.open(picture)) - pixels(alone)).max() <= 1
    assert len(list((copied / "drawn").glob("sheet-*.png"))) == 1


def test_task_sample_draws_ways(commands: Any, copied: Path) -> None:
    command = ["task=sample", f"run={copied}", "num_samples=2", "sample.steps=3"]
    captions = f"text=[{CAPTION},a blue bird]"
    job = commands.ok(*command, captions, "sample.between=sentence", outputs=None)
    assert "1 grid of 3 steps and 2 seeds in" in job.text
    assert "attention sees those of both captions" in job.text
    assert len(list(copied.glob("drawn/sentence-*/leg-1-row-*-step-*.png"))) == 6
    assert len(list(copied.glob("drawn/sentence-*/leg-1.png"))) == 1


def test_scoring_again_gives_the_same_numbers(commands: Any, copied: Path, tmp_path: Path) -> None:
    command = ["task=evaluate", f"run={copied}", "launch.threads=1"]
    commands.ok(*command, outputs=None)
    commands.ok(*command, "metric.samples=5", outputs=None)
    made = (copied / "evaluations").iterdir()  # the second of one second is named `-2`
    first, second = sorted(made, key=lambda path: path.stat().st_mtime_ns)
    assert json.loads(first.read_text()) == json.loads((copied / "scores.json").read_text())
    assert json.loads(second.read_text())["protocol"]["n_fake"] == 5
    assert len(list(copied.parents[1].glob("*/*/checkpoints"))) == 3, "nothing was trained"


def test_an_older_run_is_scored(commands: Any, copied: Path) -> None:
    """Whose configuration lacks what the groups of today ask of the data."""
    file = copied / "config.yaml"
    kept = [line for line in file.read_text().splitlines() if "damsm_weight" not in line]
    file.write_text("\n".join(kept) + "\n")
    command = ["task=evaluate", f"run={copied}", "launch.threads=1", "metric.samples=12"]
    job = commands.ok(*command, outputs=None)
    assert "scores:" in job.text


def test_scoring_trains_the_judge_that_it_needs(commands: Any, copied: Path) -> None:
    command = ["task=evaluate", f"run={copied}", "launch.threads=1"]
    shutil.rmtree(copied.parents[1] / "classifier-plumage")
    job = commands.ok(*command, outputs=None)
    assert "metric.classifier needs classifier-plumage: training it first" in job.text
    (first,) = (copied / "evaluations").iterdir()
    assert json.loads(first.read_text()) == json.loads((copied / "scores.json").read_text())


def test_what_a_run_left_out_is_scored_where_it_is_chosen(commands: Any, copied: Path) -> None:
    """Its own words say nothing any more of a node that the command fills."""
    file = copied / "run.json"
    about = json.loads(file.read_text())
    about["overrides"] += ["metric.extractor=null", "metric.classifier=null"]
    file.write_text(json.dumps(about))
    chosen = ["metric/extractor=efficientnet_lite0", "metric.extractor.input_size=64"]
    chosen.append("encoder@metric.classifier=classifier_pretrained")
    commands.ok("task=evaluate", f"run={copied}", "launch.threads=1", *chosen, outputs=None)
    (made,) = (copied / "evaluations").iterdir()
    found = json.loads(made.read_text())
    assert (
        found["scores"].keys() == json.loads((copied / "scores.json").read_text())["scores"].keys()
    )
    assert "64" in found["protocol"]["resize"]["efficientnet_lite0"]


def test_a_judge_of_the_test_classes_is_trained_where_it_is_asked_for(
    commands: Any, copied: Path
) -> None:
    job = commands.ok(
        "task=evaluate",
        f"run={copied}",
        "launch.threads=1",
        "encoder@metric.finetuned=classifier_finetuned",
        "encoder/image@metric.finetuned.image=part_cnn",
        outputs=None,
    )
    assert "metric.finetuned needs classifier-plumage: training it first" in job.text
    judges = copied.parents[1].glob("classifier-plumage/*/scores.json")
    reason = {"attribute_accuracy": "it was trained on these pictures"}
    assert [json.loads(file.read_text())["skipped"] for file in judges].count(reason) == 1
    (made,) = (copied / "evaluations").iterdir()
    found = json.loads(made.read_text())
    assert 1 <= found["scores"]["inception_score/finetuned"] <= 4  # test species
    protocol = found["protocol"]
    assert protocol["extra"]["classifier is"].startswith("classifier-plumage/")
    assert protocol["extra"]["finetuned"] == "has seen the pictures of the test split"
    assert protocol["state"] == "last" and protocol["averaged"].startswith("half-life ")


def test_what_cannot_be_scored(commands: Any, copied: Path) -> None:
    command = ["task=evaluate", f"run={copied}", "launch.threads=1"]
    job = commands.run(*command, "metric/extractor=inception", outputs=None)
    assert job.wait() == 2
    (line,) = job.errors
    assert "pt_inception-2015-12-05-6726825d.pth" in line and "metric.extractor.weights" in line
    job = commands.run(*command, "seed=3", "generator.width=4", outputs=None)
    assert job.errors[0].startswith("error: seed=3: the run decides this")
    assert job.wait() == 2 and not (copied / "evaluations").exists()
