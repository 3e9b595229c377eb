"""Mode collapse: does a generator draw one picture whatever its noise is?

At sample steps it draws some captions several times each, from noise that is always the same, and
measures how far apart the pictures of one caption are, beside real pictures. Both are divided by
the contrast within those pictures: fresh networks draw grey on grey, and have not collapsed.
Nothing of it changes the training. What it says follows from the statistics, so that a resumed run
says it once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.data.view.caption import CAPTION, Captions
from experiments.data.view.picture import PICTURE
from experiments.data.view.speech import SPEECH
from experiments.metric.real import read_captions, real_images
from experiments.metric.spread import diversity
from experiments.run.folder import DIVERSITY
from experiments.run.prerequisite import Run
from experiments.run.stats import StatsFile
from experiments.sample.picture import save_png, table, to_pixels
from experiments.system.base import System
from experiments.terminal.line import number_of, say
from experiments.tracker.tracker import Tracker
from experiments.trainer.ema import EMA

REAL, RATIO = f"{DIVERSITY}/real", f"{DIVERSITY}/ratio"
CAPTIONS, PICTURES = 4, 8  # looked at; of each
WIDTH = 64  # px of a picture on the sheet at least


class CollapseDetector:
    """Watches one run, on its main process."""

    def __init__(
        self, run: Run, system: System, dataset: Dataset, tracker: Tracker, rows: list[int]
    ) -> None:
        """`rows`: of the test split, whose first captions are drawn."""
        self.run, self.system, self.tracker = run, system, tracker
        self.split: Split = dataset.test
        self.rows = rows[:CAPTIONS]
        self._last: tuple[int, float] | None = None  # images and ratio, of this process
        self.threshold: float | None = run.config["trainer"]["collapse"]

    def look(self, images: int, ema: EMA, stats: StatsFile) -> None:
        """Measure, log, and warn where a collapse begins, and tell where it is over: of a system
        that draws pictures of captions. `stats` gets a line, unless it has one."""
        draws = PICTURE in (self.system.makes.get((name,)) for name in (CAPTION, SPEECH))
        if self.threshold is None or not self.rows or not draws:
            return
        drawn, real = self.pictures(ema)
        found = measured(drawn, real)
        before = self._before(images, stats)
        if not any(line["images"] == images and RATIO in line for line in stats.since(images)):
            stats.append(images, found)
        self.tracker.log(found, images)
        self._last = images, found[RATIO]
        was, now = before <= self.threshold, found[RATIO] <= self.threshold
        if now and not was:
            self._warn(images, found, drawn, real)
        elif was and not now:
            name = self.run.name
            say(
                f"{name}: pictures of one caption differ again at {number_of(images, 'image')}: "
                f"{told(found)}"
            )

    def _before(self, images: int, stats: StatsFile) -> float:
        """The last ratio before so many images, infinity where there is none: what this process
        saw, or else another one, or one that went back."""
        if self._last is None or self._last[0] >= images:
            lines = [line for line in StatsFile.read(stats.path) if RATIO in line]
            return next((x[RATIO] for x in reversed(lines) if x["images"] < images), math.inf)
        return self._last[1]

    def pictures(self, ema: EMA) -> tuple[Tensor, Tensor]:
        """Those that the averaged networks draw and real ones, (captions, pictures, 3, R, R) each,
        on the CPU."""
        device = next(self.system.parameters()).device
        seeds, drawn = list(range(PICTURES)), []
        with ema.in_place(self.system):
            for row in self.rows:
                captions = self.split.caption_start[[row]].repeat(PICTURES)
                tokens, lengths = read_captions(self.split, captions, self.system, device)
                made = self.system.sample({CAPTION: Captions(tokens, lengths)}, seeds)
                drawn.append(made.images[-1].float().cpu())
        size, cpu = drawn[0].shape[-1], torch.device("cpu")
        real = [real_images(self.split, self._like(row), size, cpu) for row in self.rows]
        return torch.stack(drawn), torch.stack(real)

    def _like(self, row: int) -> np.ndarray:
        """Rows of real pictures of the same class, of any where there are too few of it."""
        labels = self.split.labels
        same = np.flatnonzero(labels == labels[row])
        others = np.flatnonzero(labels != labels[row])
        stride = max(1, len(others) // PICTURES)
        return np.concatenate([same, others[::stride], others])[:PICTURES]

    def _warn(self, images: int, found: Mapping[str, float], drawn: Tensor, real: Tensor) -> None:
        name = f"collapse-images-{images:010d}.png"
        path = self.run.folder / "samples" / name
        columns = [*to_pixels(drawn.transpose(0, 1)), *to_pixels(real.transpose(0, 1))]
        titles = ["drawn"] * PICTURES + ["real"] * real.shape[1]
        captions = [self.split.label(row) for row in self.rows]
        line = f"{number_of(images, 'image')}: {told(found)}"
        sheet = table(columns, titles, captions, max(WIDTH, drawn.shape[-1]), [line])
        save_png(sheet, path)
        self.tracker.log_pictures("collapse", [sheet], images, [line])
        say(
            f"{self.run.name}: the generator hardly heeds its noise at "
            f"{number_of(images, 'image')}: "
            f"{told(found)}; trainer.collapse={self.threshold:g} is the bound; see {path}"
        )


def measured(drawn: Tensor, real: Tensor) -> dict[str, float]:
    """How far apart pictures of one caption are, as a share of the way from black to white, drawn
    and real; and the ratio of both after each was divided by the contrast within its pictures.

    Both (captions, pictures, 3, R, R) in [-1, 1]. A ratio of 0: each caption has one picture.
    """
    apart, real_apart = (diversity(p.flatten(2) / 2, "rms") for p in (drawn, real))
    contrast, real_contrast = (p.flatten(3).std(3).double().mean().item() for p in (drawn, real))
    above, below = apart * real_contrast, contrast * real_apart
    ratio = 0.0 if above == 0 else above / below if below else math.inf
    return {DIVERSITY: apart, REAL: real_apart, RATIO: ratio}


def told(found: Mapping[str, float]) -> str:
    """The measurement in words."""
    return (
        f"{PICTURES} pictures of one caption differ by {found[DIVERSITY]:.4f}, real ones by "
        f"{found[REAL]:.4f}, a ratio of {found[RATIO]:.3f} with equal contrast"
    )
