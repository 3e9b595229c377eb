"""What the tests of trackers begin, and what they track."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from experiments.tracker import tracker as tracking
from experiments.tracker.tracker import Tracker

PICTURES = [Image.new("RGB", (16, 8), "red"), Image.new("RGB", (16, 8), "blue")]
CAPTIONS = ["a red bird", "a blue bird"]


def begin(backend: str | Sequence[str], folder: Path, **options: Any) -> Tracker:
    return tracking.start(
        backend,
        folder,
        project="birds",
        run_id="abc123",
        name="attngan-plumage",
        group="study",
        job_type="train",
        tags=["first"],
        config={"loss": {"damsm": {"weight": 5}}, "resolutions": [64, 128]},
        choices={"generator": "attngan_4stage"},
        **options,
    )


def fill(tracker: Tracker, images: int = 0) -> None:
    for step in (64, 128):
        tracker.log({"loss/D": step / 64, "loss/G": 0.5}, images + step)
    tracker.log_pictures("samples", PICTURES, images + 128, CAPTIONS)
    tracker.summary({"frechet/efficientnet_lite0": 12.5})
