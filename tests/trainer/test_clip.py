"""What a person sees move of a run, and where it says that nothing does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from experiments.clip.decode import read_clip
from experiments.clip.form import ClipForm
from experiments.data.view.clip import CLIP, ClipView
from experiments.plan.facts import DataFacts
from experiments.plan.paper import Paper
from experiments.report.page import _shown as cells
from experiments.report.pictures import _draw as drawn_of
from experiments.run import checkpoint
from experiments.run.stats import StatsFile
from experiments.system.base import Samples
from experiments.trainer.clip import Motion, measured, motion
from tests.data.films import film_run, train, train_together


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of 16 clips."""
    return train(tmp_path_factory.mktemp("films"), 16)


def weights(folder: Path) -> dict[str, Tensor]:
    state = checkpoint.load_newest(folder)
    assert state is not None
    return state["system"] | {f"average.{k}": v for k, v in state["export"]["generator"].items()}


def test_strips_gifs_and_parts_lie_beside_one_another(trained: Path) -> None:
    found = {path.name for path in (trained / "samples").iterdir()}
    rows = {name.removesuffix(".gif")[-6:] for name in found if name.startswith("real-clip-")}
    assert len(rows) == 2
    for images in (8, 16):
        name = f"images-{images:010d}"
        assert found >= {f"{name}.png", f"parts-{name}.png"}
        assert found >= {f"{name}-{row}.gif" for row in rows}
    clip = read_clip(next((trained / "samples").glob("images-0000000016-*.gif")))
    assert clip.frames.shape == (4, 8, 8, 3) and clip.rate == pytest.approx(10)
    # Strips of four frames side by side: the real one, and one or more seeds.
    with Image.open(trained / "samples" / "images-0000000016.png") as sheet:
        assert sheet.width > 2 * 4 * 8 * 5


def test_what_moves_is_measured_once_at_each_sample(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained / "stats.jsonl").read_text().splitlines()]
    found = [line for line in lines if "samples/motion" in line]
    assert [line["images"] for line in found] == [8, 16]
    assert all(
        0 < line["samples/motion/real"] < 1 and 0 < line["samples/mask"] < 1 for line in found
    )


def test_it_resumes_to_the_same_bits(trained: Path, tmp_path: Path) -> None:
    train(tmp_path, 8)
    again = train(tmp_path, 16)
    for name, value in weights(trained).items():
        assert torch.equal(weights(again)[name], value), name
    for path in (trained / "samples").iterdir():
        assert (again / "samples" / path.name).read_bytes() == path.read_bytes(), path.name


class Told:
    """A tracker that remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, int, Any]] = []

    def log(self, values: dict[str, float], images: int) -> None:
        self.lines.append(("log", images, values))

    def log_clips(self, name: str, captions: Any, clips: Any, images: int) -> None:
        self.lines.append((name, images, [path.name for path in clips]))

    def log_pictures(self, name: str, pictures: Any, images: int, captions: Any) -> None:
        self.lines.append((name, images, len(pictures)))


def look(folder: Path, images: int, clips: Tensor, mask: Tensor | None = None) -> Told:
    told = Told()
    run = film_run(folder, 8)
    run.folder.mkdir(parents=True, exist_ok=True)
    watch = Motion(run, told, StatsFile(run.folder / "stats.jsonl"))  # type: ignore[arg-type]
    real = torch.zeros(1, 3, 4, 8, 8)
    real[:, :, 1::2] = 1.0
    stages = [clips] if mask is None else [clips, mask, clips, clips]
    names = {} if mask is None else {CLIP: ("foreground", "mask", "background", "clip")}
    made = Samples({CLIP: stages}, named=names)
    watch.look(images, ClipView(ClipForm(4, 8)), made, real, [3], ["a digit"])
    return told


def test_a_warning_where_clips_stand_still_comes_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    still = torch.zeros(1, 3, 4, 8, 8)
    told = look(tmp_path, 8, still)
    assert told.lines[0] == ("clips", 8, ["images-0000000008-000003.gif"])
    assert told.lines[-1] == (
        "log",
        8,
        {"samples/motion": 0.0, "samples/motion/real": 0.5, "samples/motion/ratio": 0.0},
    )
    first = capfd.readouterr().err
    assert "clips stand still: they move 0.000 times as much as real ones at 8 images" in first
    look(tmp_path, 16, still)
    assert "still" not in capfd.readouterr().err
    moving = still.clone()
    moving[:, :, ::2] = 0.1
    look(tmp_path, 24, moving)
    assert "still" not in capfd.readouterr().err
    look(tmp_path, 32, still)
    assert "still" in capfd.readouterr().err


@pytest.mark.parametrize(("level", "said"), [(-1.0, "all 0 (0.0000)"), (1.0, "all 1 (1.0000)")])
def test_a_warning_where_a_mask_shows_one_part_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], level: float, said: str
) -> None:
    moving = torch.zeros(1, 3, 4, 8, 8)
    moving[:, :, ::2] = 0.5
    told = look(tmp_path, 8, moving, torch.full((1, 1, 4, 8, 8), level))
    assert ("parts", 8, 1) in told.lines
    assert f"the mask is {said}" in capfd.readouterr().err
    look(tmp_path, 16, moving, torch.zeros(1, 1, 4, 8, 8))
    assert "mask" not in capfd.readouterr().err


def test_motion_is_the_mean_change_from_black_to_white() -> None:
    clips = torch.full((2, 1, 3, 2, 2), -1.0)
    clips[0, :, 1] = 1.0  # one of two clips changes whole twice in two steps
    assert motion(clips) == 0.5
    assert motion(clips[:, :, :1]) == 0.0
    found = measured(clips[1:], clips[:1], torch.full((1, 1), -0.5))
    assert found == {
        "samples/motion": 0.0,
        "samples/motion/real": 1.0,
        "samples/motion/ratio": 0.0,
        "samples/mask": 0.25,
    }


def test_its_card_shows_the_clips_and_says_what_they_are(trained: Path) -> None:
    card = (trained / "card.md").read_text()
    assert 'clips = model.sample(["a red bird lands"], seed=0)' in card
    last = sorted((trained / "samples").glob("images-0000000016-*.gif"))
    assert len(last) == 2 and all(f"](samples/{path.name})" in card for path in last)
    assert "| of each clip | 4 frames of 8 x 8 px, colour |" in card
    assert "| split `train` | 40 clips of" in card


def test_a_report_plays_what_it_draws(trained: Path) -> None:
    found = drawn_of(trained, ["digit 3 is moving up and down"], [0], [])
    assert found.clips is not None and found.clips.shape == (1, 4, 8, 8, 3)
    assert np.array_equal(found.stages[0][0], found.clips[0, 2])
    assert found.pace == 10.0
    (cell,) = cells(found)
    assert cell.startswith("data:image/gif;base64,R0lGODlh")


def test_two_processes_do_what_one_does(trained: Path, together: Any, tmp_path: Path) -> None:
    both = train_together(together, tmp_path, 16)
    torch.testing.assert_close(weights(both), weights(trained), rtol=1e-4, atol=1e-5)


def test_a_plan_needs_no_data(tmp_path: Path) -> None:
    facts = DataFacts(pictures=9, train=9, captions=1, words=20, classes=4, source="here")
    paper = Paper(film_run(tmp_path, 16), facts)
    assert paper.step(8).flops > 0 and paper.trained() == {"encoder", "generator"}
