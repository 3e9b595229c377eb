"""A fourth stage on a finished run of three: found, trained first, given, refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch

from experiments import load
from experiments.run import checkpoint
from experiments.run.folder import by_images
from tests.integration.rounding import assert_near

GROWN = ["model=attngan_grown", "~metric", "trainer.sample_every=1000", "trainer.images=12"]
GROWN += ["trainer.checkpoint_every=4", "trainer.keep=8", "system.frozen_images=8"]
GROUP = ["generator.norm=group", "discriminator.norm=group"]  # no statistics over the batch


def run_of(outputs: Path, model: str = "attngan_grown") -> Path:
    (found,) = (outputs / f"{model}-plumage").iterdir()
    return found


def state(run: Path, images: int) -> dict[str, Any]:
    return checkpoint.read(run / "checkpoints" / f"images-{images:010d}.safetensors")


def lower(run: Path, images: int, parent: Path) -> tuple[dict[str, bool], dict[str, bool]]:
    """For each tensor that came of the parent whether it is the same still: what is drawn with, and
    the judges."""
    now, before = state(run, images), state(parent, 8)
    drawer = before["export"]["generator"]
    same = {
        name: torch.equal(value, drawer[name])
        for name, value in now["export"]["generator"].items()
        if name in drawer
    }
    live = {name: torch.equal(now["system"][f"generator.{name}"], drawer[name]) for name in same}
    names = [name for name in before["system"] if name.startswith("discriminator.")]
    judges = {name: torch.equal(now["system"][name], before["system"][name]) for name in names}
    assert same == live and judges
    return same, judges


def test_the_run_below_is_trained_first_and_stays_as_it_was_until_it_trains(
    commands: Any, outputs: Path
) -> None:
    first = commands.ok(*GROWN, outputs=outputs)
    assert "generator.first needs attngan-plumage: training it first" in first.text
    run, parent = run_of(outputs), run_of(outputs, "attngan")
    about = json.loads((run / "run.json").read_text())
    assert about["built_on"]["generator.first"] == about["built_on"]["discriminator.first"]
    assert Path(about["built_on"]["generator.first"]) == parent
    for images in (4, 8):
        drawn, judges = lower(run, images, parent)
        assert all(drawn.values()) and all(judges.values())
    drawn, judges = lower(run, 12, parent)
    assert not any(drawn.values()) and not any(judges.values())
    # What the run draws while they are frozen is what its parent draws, to the bit.
    for path in by_images(run, "weights") + by_images(run, "checkpoints")[:1]:
        path.unlink()
    captions = ["a red bird", "a bird with a blue back"]
    below, grown = (load(place).stages(captions, [0, 1]).images for place in (parent, run))
    assert [image.shape[-1] for image in grown] == [8, 16, 32, 64]
    assert all(torch.equal(a, b) for a, b in zip(below, grown[:3], strict=True))


def test_an_interrupted_run_goes_on_whatever_becomes_of_the_judges_below(
    commands: Any, outputs: Path, tmp_path: Path
) -> None:
    commands.ok(*GROWN, "trainer.images=4", outputs=outputs)
    run, parent = run_of(outputs), run_of(outputs, "attngan")
    whole = tmp_path / "whole"
    shutil.copytree(outputs, whole)
    for path in by_images(parent, "checkpoints"):  # as training it on removes them
        path.unlink()
    job = commands.run(*GROWN, "fresh=true", outputs=outputs)
    assert job.wait() == 2 and "has no discriminators" in job.errors[0]
    assert not (run.parent / "before").exists()
    for place in (outputs, whole):
        commands.ok(*GROWN, outputs=place)
    ours, theirs = (state(run_of(place), 12) for place in (outputs, whole))
    assert all(torch.equal(ours["system"][n], value) for n, value in theirs["system"].items())
    job = commands.run(*GROWN, "variant=other", outputs=outputs)  # a new run needs them
    assert job.wait() == 2 and "has no discriminators" in job.errors[0]


def test_two_processes_arrive_where_one_does(commands: Any, outputs: Path, tmp_path: Path) -> None:
    commands.ok(*GROWN, *GROUP, outputs=outputs)
    two = tmp_path / "two"
    for group in ("damsm-plumage", "attngan-plumage"):
        shutil.copytree(outputs / group, two / group)
    half = commands.ok(*GROWN, *GROUP, "trainer.images=4", outputs=two, ranks=2)
    assert "training it first" not in half.text and "2 x cpu" in half.text
    commands.ok(*GROWN, *GROUP, outputs=two, ranks=2)
    for images in (8, 12):
        ours, theirs = (state(run_of(place), images)["system"] for place in (two, outputs))
        for name, value in theirs.items():
            assert_near(ours[name], value, name)
    drawn, judges = lower(run_of(two), 8, run_of(two, "attngan"))
    assert all(drawn.values()) and all(judges.values())
    moments = state(run_of(two), 8)["optimisers"]["discriminator"]["state"]
    assert len(moments) == len(state(run_of(outputs), 8)["optimisers"]["discriminator"]["state"])


def test_a_given_run_is_taken_and_what_does_not_fit_is_refused(
    commands: Any, outputs: Path
) -> None:
    sides = "data.preset.first_resolution=8", "data.preset.last_resolution=null"
    commands.ok("model=attngan", *sides, "~metric", "trainer.sample_every=1000", outputs=outputs)
    parent = run_of(outputs, "attngan")
    given = [*GROWN, f"generator.first.pretrained={parent}"]
    taken = commands.ok(*given, "system.frozen_images=0", outputs=outputs)
    assert "training it first" not in taken.text
    for more, said in (
        ("generator.width=4", "width is 2 there and 4 here"),
        ("generator.noise_dim=8", "noise_dim is 100 there and 8 here"),
        (
            "generator.resolutions=[16,32,64,128]",
            "resolutions is [8, 16, 32] there and [16, 32, 64] here",
        ),
        ("generator.legacy_mask=true", "legacy_mask is False there and True here"),
        ("discriminator.width=4", "its discriminator is not the one"),
        ('encoder.pretrained.overrides=["seed=7"]', "encoder.pretrained is"),
    ):
        job = commands.run(*given, more, outputs=outputs)
        assert job.wait() == 2, job.text
        (line,) = job.errors
        assert said in line and str(parent) in line, line
    shutil.rmtree(parent / "checkpoints")
    job = commands.run(*given, outputs=outputs)
    assert job.wait() == 2
    (line,) = job.errors
    assert "has no discriminators" in line and "discriminator.first.pretrained=null" in line
    fresh = commands.ok(*given, "discriminator.first.pretrained=null", outputs=outputs)
    assert "training it first" not in fresh.text
