"""A worker of a search: takes one trial after another until there are enough of them."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import DictConfig

from experiments.config.compose import register
from experiments.launch.arrangement import Arrangement
from experiments.launch.job import FAILED, FINISHED, Outcome, Watch, run_job
from experiments.launch.task import Asked
from experiments.metric.meaning import shown
from experiments.run.prerequisite import Run
from experiments.search import trial as states
from experiments.search.evaluations import Evaluations
from experiments.search.request import Search
from experiments.search.store import Store
from experiments.search.trial import Held, SearchError
from experiments.study.job import Job
from experiments.terminal.error import UserError, as_user_error
from experiments.terminal.interrupt import Stopped
from experiments.terminal.line import number_of, say
from experiments.terminal.stream import settle
from experiments.terminal.verbose import begin

ALIKE = 5  # trials that fail in a row for one reason: the fault is none of their values


@dataclass(frozen=True)
class SearchFunction:
    """What a launcher calls for each worker, in a process of the launcher's."""

    search: Search
    folder: Path
    control: Path  # a file `stop` appears there once the search is to stop
    arrangement: Arrangement
    owner: int = field(default_factory=os.getpid)  # the process of the search

    def __call__(self, cfg: DictConfig) -> Outcome:
        settle()
        begin()
        watch = Watch(self.control, self.arrangement, self.owner)
        register()
        try:
            store = Store(self.folder, self.search)
            while not watch.stopped():
                held = store.claim()
                if held is None:
                    return Outcome(FINISHED)
                try:
                    Attempt(self, store, held, watch).perform()
                finally:
                    store.release(held)
        except Stopped as stopped:
            return watch.stop(stopped)
        except Exception as error:
            known = as_user_error(error)
            if known is None:
                raise
            watch.file.touch()  # what is wrong is wrong for all workers
            return Outcome(FAILED, str(known))
        return watch.stop(Stopped(signal.SIGTERM))


class Attempt:
    """One trial in the hands of a worker."""

    def __init__(self, function: SearchFunction, store: Store, held: Held, watch: Watch) -> None:
        self.function, self.store, self.held, self.watch = function, store, held, watch
        self.search = function.search
        self.name = f"trial {held.number + 1} of {self.search.trials}"
        self.pruned = False
        self.judged: set[int] = set()  # steps
        self.trouble: SearchError | None = None

    def perform(self) -> None:
        """Train and score its run, or give it up. Raises `Stopped`, and `UserError` where the
        search itself cannot go on."""
        job = Job(self.search.overrides(self.held.settings), self.held.settings)
        say(f"{self.name}{' goes on' if self.held.resumed else ''}: {job.name}")
        try:
            asked = Asked.of(job.overrides)
            run = asked.run
            self.store.note(self.held, run.folder)
            found = Evaluations(run.folder, self.search.score)
            every = int(asked.config["trainer"]["evaluate_every"])
            if not run.finished and not self.hopeless(found, run, every):

                def leave() -> bool:
                    return self.watch.stopped() or self.to_leave(found, run, every)

                self._train(asked, job, leave)
            if self.pruned and not run.finished:
                self._say_pruned(found, run)
            else:
                self._complete(found.at(run.goal), run)
        except SearchError:
            raise
        except Exception as error:
            known = as_user_error(error)
            if known is None:
                raise
            self._fail(str(known))

    def hopeless(self, found: Evaluations, run: Run, every: int) -> bool:
        """Whether what the evaluations so far say is enough to give the trial up."""
        for images, score in found.read().items():
            step = images // every
            if self.pruned or images >= run.goal or step in self.judged:
                continue
            self.judged.add(step)
            self.pruned = self.store.report(self.held, step, score)
        return self.pruned

    def to_leave(self, found: Evaluations, run: Run, every: int) -> bool:
        """Whether a run that trains is to save and leave."""
        try:
            return self.hopeless(found, run, every)
        except SearchError as error:
            self.trouble = error  # once the run has left
            return True

    def _train(self, asked: Asked, job: Job, leave: Callable[[], bool]) -> None:
        arrangement = self.function.arrangement
        try:
            control = self.function.control
            run_job(asked, job, self.search.study, arrangement, leave, control, self.name)
        except Stopped as stopped:
            # A signal that came while the run was saving is for the search.
            ours = self.pruned or self.trouble is not None
            if not ours or stopped.code != 128 + signal.SIGTERM:
                raise
        if self.trouble is not None:
            raise self.trouble

    def _say_pruned(self, found: Evaluations, run: Run) -> None:
        images, score = max((i, s) for i, s in found.read().items() if i < run.goal)
        self.store.finish(self.held, states.PRUNED, images=images)
        told = shown(self.search.score, score)
        say(
            f"{self.name} is given up after {images:,} of {number_of(run.goal, 'image', ',')}: "
            f"{told}"
        )

    def _complete(self, score: float, run: Run) -> None:
        if not math.isfinite(score):
            raise UserError(f"{self.search.score} is not finite")
        self.store.finish(self.held, states.COMPLETE, score, run.goal)
        best = self.store.best()
        assert best is not None
        same = (
            "the best so far"
            if best.place == self.held.number + 1
            else (f"best so far: {shown(self.search.score, best.score)}, trial {best.place}")
        )
        say(f"{self.name} is finished: {shown(self.search.score, score)} ({same})")

    def _fail(self, reason: str) -> None:
        self.store.finish(self.held, states.FAILED, reason=" ".join(reason.split()))
        say(f"{self.name} failed: {reason}")
        ended = [trial for trial in self.store.tried() if trial.state in states.ENDED]
        last = [trial.reason.replace(trial.folder, "") for trial in ended[-ALIKE:]]
        if len(last) == ALIKE and all(last) and len(set(last)) == 1:
            raise UserError(f"{ALIKE} trials in a row failed: {reason}")
