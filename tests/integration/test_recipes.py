"""Every text-to-image recipe: two steps, two more after a stop, a picture, and two processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

QUICK = ["~metric", "trainer.sample_every=1000"]
RECIPES = ["gan_int_cls", "stackgan_stage2", "stackgan_v2"]


@pytest.mark.parametrize("model", RECIPES)
def test_trains_resumes_samples_and_trains_together(
    commands: Any, outputs: Path, model: str
) -> None:
    recipe = [f"model={model}", *QUICK]
    half = commands.ok(*recipe, "trainer.images=8", outputs=outputs)
    assert "from the start to 8 images" in half.text
    more = commands.ok(*recipe, outputs=outputs)
    assert "from 8 images to 16 images" in more.text
    (run,) = (outputs / f"{model}-plumage").iterdir()
    drawn = commands.ok("task=sample", f"run={run}", "text=a red bird", "samples=2", outputs=None)
    assert "2 pictures in" in drawn.text
    assert len(list(run.glob("drawn/*/seed-*.png"))) == 2
    two = commands.ok(*recipe, "seed=1", "launch.num_processes=2", outputs=outputs)
    assert "2 x cpu" in two.text


def test_stage_2_names_the_stage_1_that_it_was_built_on(commands: Any, outputs: Path) -> None:
    first = commands.ok("model=stackgan_stage1", *QUICK, outputs=outputs)
    assert "8/" in first.text or "16/16" in first.text
    second = commands.ok("model=stackgan_stage2", *QUICK, outputs=outputs)
    assert "training it first" not in second.text
    (sketch,) = (outputs / "stackgan_stage1-plumage").iterdir()
    (run,) = (outputs / "stackgan_stage2-plumage").iterdir()
    assert str(sketch) in (run / "run.json").read_text()
    given = commands.ok(
        "model=stackgan_stage2", *QUICK, f"generator.first.pretrained={sketch}", outputs=outputs
    )
    assert f"{run} is finished" in given.text
    other = commands.run(
        "model=stackgan_stage2",
        *QUICK,
        f"generator.first.pretrained={sketch}",
        "generator.first.width=4",
        outputs=outputs,
    )
    assert other.wait() == 2
    (line,) = other.errors
    assert "its generator is not the one" in line and "width is 8 there and 4 here" in line
