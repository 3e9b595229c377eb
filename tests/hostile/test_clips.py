"""Hostile clips: one file, or one in a data set; all of them: `python -m tests.hostile.clips`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from experiments.clip.write import write_clip
from experiments.data.reader.clips import Clips
from experiments.data.store.dataset import open_dataset
from experiments.data.view.base import usable
from experiments.data.view.clip import ClipView
from tests.clip.made import numbered

pytest.importorskip("av")  # the extra `video`
from tests.hostile import clips

CHOSEN = random.Random(5).sample(sorted(clips.CASES), 24)  # every time the same
COUNT = 120  # clips of a data set, which may lose one


@pytest.mark.parametrize("name", CHOSEN)
def test_a_hostile_clip(name: str, tmp_path: Path) -> None:
    outcome = clips.run(name, tmp_path, seed=0)
    assert outcome.kind != "failed", outcome.message


@pytest.mark.slow
@pytest.mark.parametrize("name", clips.CASES)
def test_every_hostile_clip(name: str, tmp_path: Path) -> None:
    for seed in range(3):
        outcome = clips.run(name, tmp_path, seed)
        assert outcome.kind != "failed", outcome.message


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("MP4: truncated", "clip: not a video, or a broken one"),
        ("no clip: HLS", "clip: not a video"),
        ("no clip: a photograph", "clip: not a video of a kind that is read"),
        ("no clip: a sound", "clip: a sound without frames"),
        ("header: MP4 of a run of 2^32 frames", "clip: video ends before its header says"),
        ("header: GIF of 65 535 px a side", "clip: animation is too large"),
        ("frames: none", "clip: video has no frames"),
        ("frames: of several sizes", "clip: video changes its size"),
        ("frames: 60 000 of a GIF of two", "clip: video has more than 20,000 frames"),
        ("no file: link out of the root", "clip: path leaves the root"),
        ("no file: pipe", "clip: not a file"),
    ],
)
def test_what_is_refused_says_why(name: str, reason: str, tmp_path: Path) -> None:
    outcome = clips.run(name, tmp_path, seed=0)
    assert outcome.kind == "refused" and outcome.message.startswith(reason), outcome


@pytest.mark.parametrize(
    "name",
    [
        *(f"{kind}: under any name" for kind in clips.MAKERS),
        *("frames: variable rate", "frames: one of gif", "frames: one of MP4", "frames: 1 px high"),
        *("frames: of no time", "frames: a day after the beginning"),
    ],
)
def test_what_is_unusual_is_accepted(name: str, tmp_path: Path) -> None:
    assert clips.run(name, tmp_path, seed=0).kind == "accepted"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gif: truncated", "animation is broken (IndexError)"),
        ("frames: none", "video has no frames"),
        ("frames: of several sizes", "clip: video changes its size"),
        (
            "no file: link to a device",
            "path leaves the root by a link, which data.follow_links=true follows",
        ),
    ],
)
def test_a_data_set_counts_what_it_drops(name: str, reason: str, tmp_path: Path) -> None:
    """Before its picture is made, or where that was whole and the rest is not."""
    root = tmp_path / "root"
    root.mkdir()
    for number in range(COUNT):
        write_clip(numbered(4, 8, 8), root / f"{number}.gif")
        (root / f"{number}.txt").write_text(f"a bird flies {number} times\n")
    broken = root / "7.gif"
    broken.unlink()
    clips.CASES[name](broken, random.Random(f"{name} 0"))
    data = open_dataset(Clips(str(root)), 8, tmp_path / "cache", quiet=True, workers=1)
    data = usable(data, [ClipView(clips.FORM)])
    assert len(data.train) + len(data.test) == COUNT - 1
    assert data.report["dropped"] == 1 and list(data.report["reasons"]) == [reason]
