"""`trainer.keep_best`: the averaged weights that score best on a share held out of training.

best/images-<n>.safetensors   the weights, read as run=...@best: the last one; those before it
                              were the best at a checkpoint that the run may go back to
best.json                     which score, at how many images, on which held-out classes; all that
                              were taken

What is reported, the test split, has no part in the choice. Scores are taken when others are
(`trainer.evaluate_every`), and once before the first step: a name that there is not is told then.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

from experiments.data.store.held_out import HeldOut
from experiments.file.whole import write_json
from experiments.machine.rank import Ranks
from experiments.metric.meaning import better, plain_names, require_choosable
from experiments.metric.result import Result, Scorer
from experiments.run import checkpoint
from experiments.run import folder as files
from experiments.run.prerequisite import Run
from experiments.run.state import BEST
from experiments.system.base import System
from experiments.terminal.error import UserError, suggest
from experiments.terminal.line import number_of, say
from experiments.trainer.ema import EMA
from experiments.trainer.scoring import ALL, scored


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
        self.kept: set[int] = set()  # images of the states whose weights lie in the folder

    def begin(self, images: int, ema: EMA) -> None:
        """Go on from `images`: what an earlier try took beyond is taken again. Raises `UserError`
        where the metric has no such score. All that comes later is taken where it is due."""
        require_choosable(self.score, "trainer.keep_best")
        if self.ranks.main:
            self._read()
            self._forget_after(images)
        if images == 0:
            self.look(images, ema)

    def go_back(self, images: int) -> None:
        """The run is at a checkpoint again: what was taken after it is of a path that it left."""
        if self.ranks.main:
            self._forget_after(images)

    def look(self, images: int, ema: EMA) -> None:
        """Take the score, unless it was taken, and keep the weights where it is the best."""
        if self.ranks.any(images in self.history):
            return
        with ema.in_place(self.system):
            result = scored(self.scorer, self.system, self.held.chosen, self.ranks)
        reason = self._reason(result)
        if reason is None and images == 0:
            self._refuse(result)
        if not self.ranks.main:
            return
        value = float(result.scores.get(self.score, math.nan))
        if not math.isfinite(value):
            say(
                f"{self.run.name} at {number_of(images, 'image')}, held out of training: not "
                "computed: "
                f"{self.score} ({reason or 'the metric gave no such score'})"
            )
        self.history[images] = value
        self.kept.add(images)
        if self._best_until(images) == images:
            checkpoint.save_weights(self.run.folder, images, kind=BEST, **self.exported())
        self._write(images)

    def told(self) -> None:
        """At the end of the run: which state is the best."""
        best = self._best_until(max(self.history, default=0))
        if best is not None:
            say(
                f"best {self.score}: {self.history[best]:.4g} at "
                f"{number_of(best, 'image', ',')}, of "
                f"{number_of(self.held.about['records'], 'record', ',')} held out of training; "
                f"run={self.run.folder}@{BEST}"
            )

    def _best_until(self, images: int) -> int | None:
        """Images of the best state up to there, of those whose weights are kept; of equals the
        first."""
        found = [
            at
            for at, value in sorted(self.history.items())
            if at <= images and math.isfinite(value) and at in self.kept
        ]
        return max(found, key=lambda at: self.sign * self.history[at], default=None)

    def _reason(self, result: Result) -> str | None:
        """Why the score has no value, "" where it has one; None where nothing is said of it. What
        is skipped may be a whole group of scores, by the beginning of their names."""
        if self.score in result.scores:
            return ""
        parts = self.score.split("/")
        groups = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
        return next((result.skipped[n] for n in (*groups, ALL) if n in result.skipped), None)

    def _refuse(self, result: Result) -> NoReturn:
        known = sorted(name for name in plain_names([*result.scores, *result.skipped]))
        raise UserError(
            f"trainer.keep_best={self.score}: the metric has no such score"
            f"{suggest(self.score, [name for name in known if better(name)])}"
        )

    def _read(self) -> None:
        content = files.run_best(self.run.folder)
        if content is None or content["score"] != self.score:
            return
        self.kept = {files.images_of(path) for path in files.by_images(self.run.folder, BEST)}
        self.history = {
            int(at): math.nan if value is None else float(value) for at, value in content["history"]
        }

    def _forget_after(self, images: int) -> None:
        if all(at <= images for at in (*self.history, *self.kept)):
            return
        self.history = {at: value for at, value in self.history.items() if at <= images}
        self._write(images)

    def _write(self, images: int) -> None:
        """What is known after so many images. Kept are the best state, and those that were the best
        at a checkpoint, which the run may go back to."""
        best = self._best_until(images)
        content: dict[str, Any] = {
            "score": self.score,
            "better": better(self.score),
            "images": best,
            "value": None if best is None else self.history[best],
            "held_out": self.held.about,
            "history": [
                [at, value if math.isfinite(value) else None] for at, value in self.history.items()
            ],
        }
        write_json(self.run.folder / files.BEST, content)
        places = map(files.images_of, files.by_images(self.run.folder, "checkpoints"))
        bests = (best, *map(self._best_until, places))
        self.kept = {at for at in bests if at is not None}
        for path in files.by_images(self.run.folder, BEST):
            if files.images_of(path) not in self.kept:
                path.unlink(missing_ok=True)
