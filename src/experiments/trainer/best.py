"""`trainer.keep_best`: the averaged weights that score best on a share held out of training.

best/images-<n>.safetensors   the weights, read as run=...@best
best.json                     which score, at how many images, on which held-out classes; all that
                              were taken

What is reported, the test split, has no part in the choice. Scores are taken when others are
(`trainer.evaluate_every`), and once before the first step: a name that there is not is told then.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from experiments.data.store.held_out import HeldOut
from experiments.file.whole import write_json
from experiments.machine.rank import Ranks
from experiments.metric.meaning import better
from experiments.metric.result import Result, Scorer
from experiments.run import checkpoint
from experiments.run import folder as files
from experiments.run.prerequisite import Run
from experiments.run.state import BEST
from experiments.system.base import System
from experiments.terminal.error import UserError, suggest
from experiments.terminal.line import say
from experiments.trainer.ema import EMA

NO_SCORE = ("/chance", "/candidates", "/std")  # what stands beside a score


class Best:
    """The best state of one run. All processes call it together; the main one writes."""

    def __init__(
        self,
        run: Run,
        ranks: Ranks,
        system: System,
        held: HeldOut,
        scorer: Scorer,
        exported: Callable[[], dict[str, Any]],
    ) -> None:
        """`exported`: what the weights of the run hold now (`Training.exported`)."""
        self.run, self.ranks, self.system, self.held = run, ranks, system, held
        self.exported = exported
        self.scorer, self.score = scorer, str(run.config["trainer"]["keep_best"])
        self.sign = -1.0 if better(self.score) == "lower" else 1.0
        self.history: dict[int, float] = {}
        self.images: int | None = None  # of the best so far
        self.value = math.nan

    def begin(self, images: int, ema: EMA) -> None:
        """Go on from `images`: what an earlier try took beyond is taken again. Raises `UserError`
        where the metric has no such score, or nobody can say which way it is better."""
        if self.ranks.main:
            self._read(images)
        self.look(images, ema)

    def look(self, images: int, ema: EMA) -> None:
        """Take the score, unless it was taken, and keep the weights where it is the best."""
        if self.ranks.any(images in self.history):
            return
        with ema.in_place(self.system):
            result = self.scorer(self.system, self.held.chosen, self.ranks)
        self._require_known(result)
        value = float(result.scores.get(self.score, math.nan))
        if not self.ranks.main:
            return
        self.history[images] = value
        if math.isfinite(value) and self._is_best(images, value):
            checkpoint.save_weights(self.run.folder, images, kind=BEST, **self.exported())
            self.images, self.value = images, value
        self._write()
        for path in files.by_images(self.run.folder, BEST):
            if files.images_of(path) != self.images:
                path.unlink(missing_ok=True)

    def told(self) -> None:
        """At the end of the run: which state is the best."""
        if self.images is not None:
            say(
                f"best {self.score}: {self.value:.4g} at {self.images:,} images, of "
                f"{self.held.about['records']:,} records held out of training; "
                f"run={self.run.folder}@{BEST}"
            )

    def _is_best(self, images: int, value: float) -> bool:
        """Of equals the first; one that is taken again counts as it is now."""
        return self.images in (None, images) or self.sign * value > self.sign * self.value

    def _require_known(self, result: Result) -> None:
        names = [*result.scores, *result.skipped]
        known = sorted({n for n in names if better(n) and not n.endswith(NO_SCORE)})
        if self.score in known:
            return
        if self.score in names:
            raise UserError(
                f"trainer.keep_best={self.score}: nobody can say which way it is better; there "
                f"are: {', '.join(known)}"
            )
        raise UserError(
            f"trainer.keep_best={self.score}: the metric has no such score"
            f"{suggest(self.score, known)}"
        )

    def _read(self, images: int) -> None:
        content = files.run_best(self.run.folder)
        if content is None or content["score"] != self.score:
            return
        kept = {files.images_of(path) for path in files.by_images(self.run.folder, BEST)}
        taken = {int(at): value for at, value in content["history"] if at <= images}
        self.history = {at: math.nan if value is None else value for at, value in taken.items()}
        if content["images"] in kept:
            self.images, self.value = int(content["images"]), float(content["value"])

    def _write(self) -> None:
        content: dict[str, Any] = {
            "score": self.score,
            "better": better(self.score),
            "images": self.images,
            "value": None if self.images is None else self.value,
            "held_out": self.held.about,
            "history": [
                [at, value if math.isfinite(value) else None] for at, value in self.history.items()
            ],
        }
        write_json(self.run.folder / files.BEST, content)
