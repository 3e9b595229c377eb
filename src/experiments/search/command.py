"""`python run.py -m study=NAME` of a study that searches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from experiments.launch.arrangement import Arrangement
from experiments.launch.job import FAILED, STOPPED
from experiments.launch.multirun import launch_all
from experiments.launch.told import Told
from experiments.run.change import tell_changes_of
from experiments.search.request import check, search_of
from experiments.search.result import show_result
from experiments.search.store import DATABASE, Store
from experiments.search.strategy import require_optuna
from experiments.search.trial import ENDED, LOST, RUNNING
from experiments.search.worker import SearchFunction
from experiments.study.job import Job, Study
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Stopped
from experiments.terminal.line import number_of, say, show

TRIALS_FAILED = 1


def search(study: Study, overrides: list[str]) -> int:
    """Make the trials that are missing and show what was found; 0 where none failed.

    overrides: the command line. Raises `UserError` before anything starts, or where the search
    cannot go on, and `Stopped` once all trials have saved.
    """
    request = search_of(study, overrides)
    require_optuna()
    folder = check(request)
    store = Store(folder, request)
    tried = store.tried()
    runs = [Path(trial.folder) for trial in tried if trial.state in ENDED and trial.folder]
    anew = f"move {folder} away and give variant=NAME to begin another search"
    tell_changes_of(runs, "what trials found is kept", anew)
    found = [trial.state for trial in tried]
    ended = sum(state in ENDED for state in found)
    missing = max(request.trials - ended - found.count(RUNNING), found.count(LOST))
    if missing > 0:
        _work(store, missing, overrides)
    text, failed = show_result(store)
    for line in failed:
        say(f"error: {line}")
    show(text)
    lost = any(trial.state == LOST for trial in store.tried())
    return TRIALS_FAILED if failed or lost else 0


def trials_as_study(study: Study, overrides: list[str]) -> Study:
    """The trials that there are as the jobs of a study, for a report that compares them.

    Raises `UserError` where there are none.
    """
    request = search_of(study, overrides)
    folder = check(request)
    if not (folder / DATABASE).is_file():
        raise UserError(
            f"study={study.name}: no trial was made so far; start it without task=report"
        )
    seed = study.jobs[0].settings
    jobs = [
        Job(request.overrides(trial.settings), trial.settings | seed)
        for trial in Store(folder, request).tried()
        if trial.settings
    ]
    return replace(study, jobs=jobs, varied=list(request.space))


def _work(store: Store, count: int, overrides: list[str]) -> None:
    """Start workers, and wait for them."""
    search = store.search

    def function(control: Path, arrangement: Arrangement) -> SearchFunction:
        say(f"{search.title}: {count} of {number_of(search.trials, 'trial')} to go, {arrangement}")
        return SearchFunction(search, store.folder, control, arrangement)

    told = Told(search.title, count, "trial")
    outcomes = launch_all([search.base] * count, overrides, function, told, workers=True)
    for outcome in outcomes:
        if outcome is not None and outcome.state == FAILED:
            raise UserError(outcome.reason)
    for outcome in outcomes:
        if outcome is not None and outcome.state == STOPPED:
            raise Stopped(outcome.code - 128)
