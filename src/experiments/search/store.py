"""The trials of a search, shared by all processes that work on it: Optuna's study in SQLite.

A process holds a locked file for the trial it works on. The kernel lets go of it however the
process ends, so a trial that runs in the file and that nobody holds is taken up by who comes next,
with the values that it has. One more lock lets one process at a time read and write.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.file.lock import Lock, held, locked
from experiments.search.request import Search
from experiments.search.strategy import pruner_of, require_optuna, sampler_of
from experiments.search.trial import (
    COMPLETE,
    FAILED,
    FOLDER,
    IMAGES,
    PRUNED,
    REASON,
    SETTINGS,
    Held,
    SearchError,
    Tried,
    tried,
    write_table,
)
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.line import near

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

DATABASE, TABLE, LOCK = "search.db", "trials.csv", "search.lock"
IDENTITY = "identity"  # an attribute of the study
PATIENCE = 60  # s for another program that reads the file, as a dashboard does


class Store:
    """One search in a folder. Everything raises `UserError` where the file cannot be used."""

    def __init__(self, folder: Path, search: Search) -> None:
        require_optuna()
        self.folder, self.search = folder.resolve(), search
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            self.study = self._open()

    def claim(self) -> Held | None:
        """A trial to work on: one that was left, else a new one; None where there are enough."""
        with self._alone():
            trials = self.study.get_trials(deepcopy=False)
            begun = [trial for trial in trials if trial.state.name != "WAITING"]
            for trial in begun:
                if trial.state.name == "RUNNING" and (lock := self._lock(trial.number)):
                    return self._held(trial, lock)
            if len(begun) >= self.search.trials:
                return None
            asked = self._sampling(len(trials)).ask()
            lock = self._lock(asked.number)
            assert lock is not None, "nobody knows of it yet"
            return self._values(asked, lock, resumed=False)

    def note(self, held: Held, folder: Path) -> None:
        """Where the run of a trial lies."""
        with self._alone():
            held.trial.set_user_attr(FOLDER, str(folder))

    def report(self, held: Held, step: int, score: float) -> bool:
        """Tell an evaluation, and whether the trial is to be given up."""
        with self._alone():
            if step not in held.reported:
                held.trial.report(score, step)
                held.reported.add(step)
            return bool(held.trial.should_prune())

    def finish(
        self,
        held: Held,
        state: str,
        score: float | None = None,
        images: int | None = None,
        reason: str = "",
    ) -> None:
        """A trial has come to its end."""
        from optuna.trial import TrialState

        states = {COMPLETE: TrialState.COMPLETE, PRUNED: TrialState.PRUNED, FAILED: TrialState.FAIL}
        with self._alone():
            for key, value in ((IMAGES, images), (REASON, reason)):
                if value:
                    held.trial.set_user_attr(key, value)
            self.study.tell(held.number, score, state=states[state])
            write_table(self.folder / TABLE, self.search, self._tried())
            self._place(held.number).unlink(missing_ok=True)
        held.lock.close()

    def release(self, held: Held) -> None:
        """Leave a trial for who comes next."""
        held.lock.close()

    def tried(self) -> list[Tried]:
        """All trials that were begun, in order."""
        with self._alone():
            return self._tried()

    def best(self) -> Tried | None:
        """The complete trial with the best score so far."""
        done = [trial for trial in self.tried() if trial.state == COMPLETE]
        return min(done, key=self.order, default=None)

    def order(self, trial: Tried) -> float:
        """What sorts trials with a score, the best first."""
        assert trial.score is not None
        return -trial.score if self.search.direction == "maximize" else trial.score

    def _open(self) -> Study:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        database = str(self.folder / DATABASE).replace("{", "{{").replace("}", "}}")
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{database}", engine_kwargs={"connect_args": {"timeout": PATIENCE}}
        )
        title, direction = self.search.title, self.search.direction
        if title in optuna.get_all_study_names(storage):
            study = optuna.load_study(study_name=title, storage=storage)
            differs = _differences(study.user_attrs.get(IDENTITY, {}), self.search.identity)
            if differs and self._begun(study):
                raise UserError(
                    f"{near(self.folder / DATABASE)}: was begun with other settings: {differs}; "
                    "give the study another name, or move its folder away"
                )
            if differs:
                optuna.delete_study(study_name=title, storage=storage)
        study = optuna.create_study(
            storage=storage,
            study_name=title,
            direction=direction,
            pruner=pruner_of(self.search),
            load_if_exists=True,
        )
        if IDENTITY not in study.user_attrs:
            study.set_user_attr(IDENTITY, self.search.identity)
        return study

    def _begun(self, study: Study) -> bool:
        """Whether a trial has ended, or is being worked on: the settings are no mere first try."""
        for trial in study.get_trials(deepcopy=False):
            if trial.state.is_finished() or not self._is_free(trial.number):
                return True
        return False

    def _sampling(self, number: int) -> Study:
        """The study with a sampler whose numbers depend on the trial and on nothing else: processes
        never propose the same, and a search that is resumed goes on as it would have."""
        self.study.sampler = sampler_of(self.search, number)
        return self.study

    def _held(self, trial: FrozenTrial, lock: Lock) -> Held:
        from optuna.trial import Trial

        study = self._sampling(trial.number)
        return self._values(Trial(study, trial._trial_id), lock, resumed=True)

    def _values(self, trial: Trial, lock: Lock, resumed: bool) -> Held:
        """With its values: those that it has, else what the sampler proposes."""
        settings = trial.user_attrs.get(SETTINGS)
        if settings is None:
            settings = {key: part.ask(trial, key) for key, part in self.search.space.items()}
            trial.set_user_attr(SETTINGS, settings)
        frozen = self.study.get_trials(deepcopy=False)[trial.number]
        return Held(trial.number, settings, trial, lock, resumed, set(frozen.intermediate_values))

    def _tried(self) -> list[Tried]:
        trials = self.study.get_trials(deepcopy=False)
        return [tried(t, self._is_free) for t in trials if t.state.name != "WAITING"]

    def _is_free(self, number: int) -> bool:
        """Whether nobody works on a trial."""
        lock = self._lock(number)
        if lock is not None:
            lock.close()
        return lock is not None

    def _place(self, number: int) -> Path:
        return self.folder / f"trial-{number}.lock"

    def _lock(self, number: int) -> Lock | None:
        """The file of a trial, locked; None where another process holds it."""
        return held(self._place(number))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process of this project reads or writes meanwhile."""
        from optuna.exceptions import OptunaError
        from sqlalchemy.exc import SQLAlchemyError

        with locked(self.folder / LOCK), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                yield
            except (OptunaError, SQLAlchemyError, RuntimeError) as error:
                cause: Any = error.__cause__ or error
                reason = reason_of(getattr(cause, "orig", None) or cause)
                raise SearchError(
                    f"{self.folder / DATABASE}: {reason}; make room, or move the folder away"
                ) from error


def _differences(before: dict[str, str], now: dict[str, str]) -> str:
    """What differs, in words."""
    found = []
    for key in [*before, *(key for key in now if key not in before)]:
        if before.get(key) != now.get(key):
            found.append(f"{key} was {before.get(key, 'not set')}, is {now.get(key, 'not set')}")
    return "; ".join(found)
