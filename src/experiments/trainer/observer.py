"""What a person sees of a run: progress, logged terms, pictures and scores; no mathematics."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import torch

from experiments.data.store.dataset import Dataset
from experiments.data.view.base import Part, Pixels, View
from experiments.file.whole import write_json
from experiments.machine.rank import Ranks
from experiments.metric.result import Result, Scorer
from experiments.run.folder import (
    CAPTIONS,
    SCORE_SAMPLES,
    SCORES,
    SPEED,
    STATS,
    of_scores,
    run_scores,
)
from experiments.run.prerequisite import Run
from experiments.run.stats import StatsFile
from experiments.sample.attention import attention_stages
from experiments.sample.picture import pictures, save_png
from experiments.system.base import System
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import stop_if_asked
from experiments.terminal.line import number_of, say
from experiments.terminal.progress import Progress
from experiments.tracker.tracker import Tracker
from experiments.trainer.best import Best
from experiments.trainer.clip import Motion
from experiments.trainer.collapse import CollapseDetector
from experiments.trainer.ema import EMA
from experiments.trainer.meter import Meter
from experiments.trainer.minima import Minima
from experiments.trainer.pace import Pace
from experiments.trainer.scoring import of_weights, scored
from experiments.trainer.sheet import sheet_of, shown
from experiments.trainer.sound import made_sounds, written

WIDE = 9  # words from which on their attention takes two rows


class Observer:
    """Writes `stats.jsonl`, `samples/`, `scores.json` and what single pictures add to them, and
    passes numbers and pictures to the tracker."""

    def __init__(
        self,
        run: Run,
        ranks: Ranks,
        system: System,
        dataset: Dataset,
        tracker: Tracker,
        scorer: Scorer | None,
        best: Best | None = None,
        minima: Minima | None = None,
    ) -> None:
        self.run, self.ranks, self.system, self.dataset = run, ranks, system, dataset
        self.tracker, self.scorer, self.best = tracker, scorer, best
        self.minima = minima
        self.stats, self.meter = StatsFile(run.folder / STATS), Meter(ranks.device)
        self.pace = Pace(ranks.device)
        self.bar: Progress | None = None
        self.logged_at = 0
        self.goal = int(run.config["trainer"]["images"])
        count = min(int(run.config["trainer"]["sample_captions"]), len(dataset.test))
        self.rows = spread(dataset.test.labels.tolist(), count)
        self._views: dict[str, View] | None = None
        self.sounds: list[Path | None] = []  # of the shown records, where they are heard
        self.collapse = CollapseDetector(run, system, dataset, tracker, self.rows)
        self.motion = Motion(run, tracker, self.stats)

    def progress(self, images: int) -> Progress:
        """The bar of a training run; a context manager."""
        self.logged_at = images
        self.bar = Progress(self.goal, images, self.run.name, self.ranks.main)
        return self.bar

    def tick(self, images: int) -> None:
        assert self.bar is not None
        self.bar.update(images)

    def go_back(self, images: int) -> None:
        """The run is at a checkpoint again: what was logged after it is forgotten."""
        self.logged_at = images
        if self.ranks.main:
            self.stats.truncate_after(images)
        if self.best is not None:
            self.best.go_back(images)

    def saved(self, images: int) -> None:
        """The run was saved; of the main process."""
        if self.minima is not None:
            self.minima.look(images)

    def log(self, images: int, values: dict[str, float], seconds: float, waited: float) -> None:
        """Terms by phase and stage, rates, and speed and cost since the last line, of which steps
        `waited` for their batches; all processes call this together."""
        cost = {"seconds": seconds} | self.meter.read(self.ranks)
        if not self.ranks.main:
            return
        values["waiting"] = waited / max(seconds, 1e-9)
        values[SPEED] = (images - self.logged_at) / max(seconds, 1e-9)
        values |= cost
        if line := self.pace.advice(images - self.logged_at, seconds):
            say(f"{self.run.name}: {line}")
        self.logged_at = images
        self.stats.append(images, values)
        self.tracker.log(values, images)
        if self.bar is not None:
            shown = {k.removesuffix("/loss"): v for k, v in values.items() if k.endswith("/loss")}
            self.bar.update(images, shown)

    def real_grid(self) -> None:
        """Real records at every stage with their captions, before anything is trained: half of all
        faults in data are visible here."""
        if not self.ranks.main or not self.rows:
            return
        folder = self.run.folder / "samples"
        if any(self.dataset.test.captions) or any(v.heard for v in self.views.values()):
            self.sounds = written(self.views.values(), self.rows, folder)
            names = [None if path is None else path.name for path in self.sounds]
            told = {"captions": self._labels()} | ({"sounds": names} if names else {})
            write_json(self.run.folder / CAPTIONS, told)
            self.tracker.log_sounds("heard", self._labels(), self.sounds, 0)
        for view in self._made():
            if view.pace is not None and (values := view.stages(self._given(view))[-1:]):
                self.motion.real(view, values[-1], self.rows, self._labels())
        path, real = folder / "real.png", self._real()
        if path.exists() or not real:
            return
        moving = [view.name for view in self._made() if view.pace is not None]
        titles = moving if len(moving) == len(real) else None
        sheet = sheet_of(real, self._labels(), titles=titles)
        save_png(sheet, path)
        self.tracker.log_pictures("real", [sheet], 0, [path.name])

    def sample(self, images: int, ema: EMA) -> None:
        """What the system makes of the same records from the same noise every time, at every stage,
        beside what is real, as far as it can be shown."""
        if not self.ranks.main or not self.rows or not self.system.makes:
            return
        with self.meter.paused():
            for number, (asks, makes) in enumerate(self.system.makes.items()):
                kind = "-".join([*asks, "to", makes, ""]) if number else ""
                self._sample(asks, self.views[makes], kind, images, ema)
            stop_if_asked()
            self.collapse.look(images, ema, self.stats)

    def _sample(self, asks: tuple[str, ...], view: View, kind: str, images: int, ema: EMA) -> None:
        """A sheet of one of the views that the system makes; `kind` stands in front of its name."""
        columns = int(self.run.config["trainer"]["sample_columns"])
        count, draw = len(self.rows), self.system.sample
        asked = {key: self._given(self.views[key], self.ranks.device) for key in asks}
        seeds = [[n * 1000 + k for k in range(count)] for n in range(max(1, columns))]
        with ema.in_place(self.system):
            made = draw(asked, seeds[0], attention=True)
            more = []
            for others in seeds[1:]:
                stop_if_asked()
                more.append(draw(asked, others))
        stop_if_asked()
        first, wanted = made.made[view.name], view.stages(self._given(view))[-1:]
        if view.name in made.named:  # what it is composed of has a sheet of its own
            first = first[-1:]
        values = [*first, *(extra.made[view.name][-1] for extra in more)]
        stages, real = shown(view, values), shown(view, wanted)
        if not stages or not real:
            return
        folder, name = self.run.folder / "samples", f"{kind}images-{images:010d}"
        given = [self.views[key] for key in asks if self.views[key] is not view]
        told = [pixels for one in given for pixels in shown(one, one.stages(self._given(one))[-1:])]
        titles = [f"seed {k}" for k in range(len(values))] if view.pace is not None else None
        sheet = sheet_of(stages, self._labels(), real[0], told, titles)
        save_png(sheet, folder / f"{name}.png")
        self.tracker.log_pictures(f"{kind}samples", [sheet], images, [number_of(images, "image")])
        last = len(first)
        if view.pace is not None:
            self.motion.look(images, view, made, wanted[0], self.rows, self._labels(), kind)
        if view.heard:
            heard = made_sounds(view, values[last - 1], self.rows, folder, name)
            self.tracker.log_sounds(f"{kind}made", self._labels(), heard, images)
        rows = zip(self._labels(), pictures(stages[last - 1]), pictures(real[0]), strict=True)
        if not kind:
            self.tracker.log_samples(list(rows), images, self.sounds)
        looks = [self.views[key].attended(self.rows[0]) for key in asks] if made.attention else []
        for attended in (one for one in looks if one.steps):
            steps = len(attended.steps)
            sheet = attention_stages(
                [stage[0] for stage in stages[1:last]],
                [maps[0].float() for maps in made.attention],
                attended.steps,
                columns=None if steps < WIDE else steps // 2 + 1,
                sound=attended.picture,
                said=attended.caption,
            )
            save_png(sheet, folder / f"attention-{name}.png")
            self.tracker.log_pictures(f"{kind}attention", [sheet], images, self._labels()[:1])

    def evaluate(self, images: int, ema: EMA) -> Result | None:
        """Scores of the averaged networks, into the log and `scores.json`; at the end of the run
        they are also what the tracker shows for it."""
        if self.best is not None:
            with self.meter.paused():
                self.best.look(images, ema)
        if self.scorer is None or (images < self.goal and self.ranks.any(self._scored(images))):
            return None
        with self.meter.paused(), ema.in_place(self.system):
            result = scored(self.scorer, self.system, self.dataset, self.ranks)
        halflife = self.run.config["trainer"].get("ema_halflife")
        result = of_weights(result, halflife, "last" if images >= self.goal else "on the way")
        if self.ranks.main:
            for line in result.told:
                say(f"{self.run.name} at {number_of(images, 'image')}: {line}")
            if not self._scores_logged(images):
                self.stats.append(images, result.scores | dict.fromkeys(result.undefined, math.nan))
            self.tracker.log(result.scores, images)
            if images >= self.goal:
                self.tracker.summary(result.scores)
            if result.samples is None:
                (self.run.folder / SCORE_SAMPLES).unlink(missing_ok=True)
            else:
                result.samples.save(self.run.folder)
            write_scores(self.run.folder / SCORES, images, result)
        return result

    def _scores_logged(self, images: int) -> bool:
        """Whether the statistics have a line of scores; those of training tell the speed."""
        return any(
            line["images"] == images and of_scores(line) for line in self.stats.since(images)
        )

    def _scored(self, images: int) -> bool:
        """Whether a process that was stopped later had scored these networks already."""
        if not self.ranks.main or not self._scores_logged(images):
            return False
        try:
            scores = run_scores(self.run.folder)
        except UserError:  # damaged: it is scored again
            return False
        return scores is not None and scores.get("images") == images

    @property
    def views(self) -> dict[str, View]:
        """Those of the system by name, open on the test split."""
        if self._views is None:
            views, dataset, device = self.system.views(), self.dataset, self.ranks.device
            self._views = {view.name: view.open(dataset, dataset.test, device) for view in views}
        return self._views

    def _given(self, view: View, device: torch.device | str = "cpu") -> Part:
        """What the system is given of the shown records."""
        return view.real(self.rows, device)

    def _labels(self) -> list[str]:
        return [self.dataset.test.label(row) for row in self.rows]

    def _made(self) -> list[View]:
        """The views that are made, or else each."""
        names = dict.fromkeys(self.system.makes.values() or self.views)
        return [self.views[name] for name in names]

    def _real(self) -> list[Pixels]:
        """The shown records at every stage, of the views that are made, or else of each."""
        views = self._made()
        return [stage for view in views for stage in shown(view, view.stages(self._given(view)))]


def spread(labels: list[int], count: int) -> list[int]:
    """Rows of at most `count` pictures: classes far apart first, a second picture of one only when
    all have given one."""
    if count < 1 or not labels:
        return []
    by_class: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        by_class.setdefault(label, []).append(row)
    classes = list(by_class.values())
    stride = max(1, len(classes) // count)
    ordered = [classes[k] for start in range(stride) for k in range(start, len(classes), stride)]
    depth = max(len(rows) for rows in ordered)
    found = [rows[k] for k in range(depth) for rows in ordered if k < len(rows)]
    return found[:count]


def write_scores(path: Path, images: int, result: Result) -> None:
    """Scores with how they were measured, whole or not at all."""
    told = {"scores": result.scores, "skipped": result.skipped}
    write_json(path, {"images": images, **told, "protocol": asdict(result.protocol)})
