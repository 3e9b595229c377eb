"""From a command line to jobs: in this process, in N worker processes of one job, or a study.

`python run.py` in a clone, `birdsong` of an installation and `python -m experiments` are the same.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from experiments.command import Command, read
from experiments.config.cache import require_conf
from experiments.config.key import values, without
from experiments.config.known import remember
from experiments.launch.apart import require_apart
from experiments.launch.task import ROWS, Asked
from experiments.launch.worker import QUIET
from experiments.machine.cluster import join_cluster
from experiments.machine.core import first_look
from experiments.machine.launcher import stale
from experiments.question import question, show_help
from experiments.run.change import tell_changes_of
from experiments.run.fresh import begun_by, token
from experiments.run.named import with_run
from experiments.run.prerequisite import Run, below
from experiments.study.command import study_of
from experiments.study.job import Study
from experiments.terminal.error import JOB_FAILED, PeerLost, UserError, as_user_error
from experiments.terminal.interrupt import Stopped, asked, leaving
from experiments.terminal.line import are, number_of, say
from experiments.terminal.stream import settle
from experiments.tracker.look import together

LOST = "its launcher lost it; where it still runs, the same command waits for it"
KEPT = 200_000  # objects between two looks for garbage while configurations are composed
MANY = 8  # jobs whose check takes long enough to be announced


def main(arguments: list[str]) -> int:
    """Run a command line; returns the exit code, which is that of what was done, whoever reads what
    is said of it. User errors are lines, never tracebacks."""
    settle()
    with leaving():
        return _main(arguments)


def _main(arguments: list[str]) -> int:
    failures: list[str] = []
    anyone, code = True, 0  # who says what is wrong; later the main process alone
    try:
        first_look()
        join(os.environ)
        anyone = False
        if "RANK" in os.environ:
            os.environ.setdefault(*QUIET)
        with _collected_rarely():
            work = prepare(arguments)
        return work()
    except KeyboardInterrupt as stop:
        if not (isinstance(stop, Stopped) and stop.told):
            say("stopped; the same command goes on from what is saved")
        return stop.code if isinstance(stop, Stopped) else 128 + signal.SIGINT
    except Exception as error:
        known = as_user_error(error)
        if known is None:
            raise
        if isinstance(known, PeerLost) and (number := asked()):  # it was asked to leave as well
            return 128 + number
        failures, code = str(known).splitlines(), known.code
        anyone = anyone or isinstance(known, PeerLost)  # it may be the main process that is gone
    for line in failures:
        say(f"error: {line}", anyone)
    return code


def console() -> int:
    """The command `birdsong` of an installation: `python run.py` from any folder."""
    return main(sys.argv[1:])


def join(environ: MutableMapping[str, str]) -> None:
    """Know whether this process is one of several, and do without what others have left."""
    environ.update(join_cluster(environ))
    names, line = stale(environ)
    for name in names:
        del environ[name]
    if line:
        say(line)


@contextmanager
def _collected_rarely() -> Iterator[None]:
    """What is composed is kept, a hundred thousand objects of each command: to look for garbage
    among them every few hundred, and again at the end, takes a sixth of the time of an answer."""
    before = gc.get_threshold()
    gc.set_threshold(KEPT, *before[1:])
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*before)


def prepare(arguments: list[str]) -> Callable[[], int]:
    """What a command line asks for, checked but not begun: to call, it returns the exit code.

    Raises `UserError` for what is wrong with it.
    """
    require_conf()
    _require_place()
    command = read(arguments)
    if command.help:
        return show_help
    if command.is_question:
        return question(command)
    overrides = with_run(command.overrides)
    if _is_idle(command):
        return lambda: 0
    work = _work(command, overrides)
    if os.environ.get("RANK", "0") == "0":
        remember()
    return work


def _work(command: Command, overrides: list[str]) -> Callable[[], int]:
    if command.said.get("task") == "report":
        return partial(_report, command, overrides)
    if command.several:
        study = study_of(overrides)
        if command.said.get("task") == "plan" and not study.search:
            return _plan_study(study)
        return _study(study, overrides)
    asked = Asked.of(overrides)
    (run,) = _check([asked])
    return partial(_run, asked, run)


def _is_idle(command: Command) -> bool:
    """Whether this is one of several processes that were started for what one alone does."""
    task = command.said.get("task", "train")
    alone = task not in ROWS or not ROWS[task].apart
    return os.environ.get("RANK", "0") != "0" and alone


def _require_place() -> None:
    """Raises `UserError` where this folder was removed since somebody went there."""
    try:
        Path.cwd()
    except FileNotFoundError:
        raise UserError("this folder is gone; go to one that is there (cd), then again") from None


def _report(command: Command, overrides: list[str]) -> int:
    from experiments.report.command import report

    study = None
    if command.several and "run" not in command.said:
        own = without(command.overrides, "task")
        study = study_of(own)
        if study.search:
            from experiments.search.command import trials_as_study

            study = trials_as_study(study, own)
    report(overrides, study)
    return 0


def _run(asked: Asked, run: Run | None) -> int:
    stopped = None
    try:
        ROWS[asked.task].perform(asked, run)
    except Stopped as stop:
        stopped = stop
    if "RANK" in os.environ and (stopped is None or stopped.told):  # started by torchrun
        from experiments.machine.rank import leave

        leave()
    if stopped is not None:
        raise stopped
    return 0


def _check(jobs: list[Asked] | list[list[str]]) -> list[Run | None]:
    """Every job of a command line, before any starts: the run to be of each that trains.

    Raises `UserError` for all mistakes.
    """
    problems: list[str] = []
    runs: list[Run | None] = []
    seen: list[object] = []
    for job in jobs:
        try:
            asked = job if isinstance(job, Asked) else Asked.of(job)
            runs.append(ROWS[asked.task].check(asked, seen))
        except UserError as error:
            problems += str(error).splitlines()
    if problems:
        raise UserError("\n".join(dict.fromkeys(problems)))
    return runs


def _plan_study(study: Study) -> Callable[[], int]:
    """What all of its runs take, in one table. Raises `UserError`."""
    jobs = [Asked.of(job.overrides) for job in study.jobs]
    _check(jobs)

    def perform() -> int:
        from experiments.plan.command import show_study

        show_study(study.title, [(job.config, job.chosen, job.overrides) for job in jobs])
        return 0

    return perform


def _study(study: Study, overrides: list[str]) -> Callable[[], int]:
    """Check every job of a study. Raises `UserError`."""
    if "RANK" in os.environ:
        raise UserError("-m: a study starts its processes itself; use launch.num_processes=N")
    if study.search:
        from experiments.search.command import search
        from experiments.search.request import check, search_of

        place = check(search_of(study, overrides))
        if values(overrides).get("fresh", "false") != "false":
            raise UserError(
                f"fresh: a search goes on with its trials; move {place} away and give variant=NAME "
                "to begin another"
            )
        return partial(search, study, overrides)
    if len(study.jobs) > MANY:
        say(f"{study.title}: checking {len(study.jobs)} runs")
    runs = _check([job.overrides for job in study.jobs])
    require_apart(study, runs)
    return partial(_run_study, study, runs, overrides)


def _run_study(study: Study, runs: list[Run | None], overrides: list[str]) -> int:
    """Do what is missing of a study, and list what failed; the exit code says whether all is done.

    Raises `Stopped` once all jobs have saved.
    """
    from experiments.launch.job import FINISHED, STOPPED
    from experiments.launch.multirun import run_jobs

    command = token([job.overrides for job in study.jobs])
    anew = {run.folder for run in runs if run is not None and run.config.get("fresh")}
    began = {folder for folder in anew if begun_by(folder, command)}
    if any(run is not None and not (run.folder in began and run.finished) for run in runs):
        anew -= began  # this command was interrupted

    def is_pending(run: Run | None) -> bool:
        return run is None or run.folder in anew or not run.finished

    pending = [place for place, run in enumerate(runs) if is_pending(run)]
    kept = [run for run in runs if run is not None and not is_pending(run)]
    needs = [need for run in kept for need in below(run)]
    remedy = "the same command with fresh=true, or variant=NAME, trains these anew"
    tell_changes_of([run.folder for run in kept], "finished results are kept", remedy)
    remedy = "move their folders away, and they are trained anew"
    tell_changes_of(needs, "finished runs that others build on are kept", remedy)
    for place, run in enumerate(runs):
        if run is not None and place not in pending:
            say(f"job {place + 1} of {len(runs)}: {study.jobs[place].name or 'it'} is finished")
    outcomes = run_jobs(study, pending, overrides) if pending else []
    failed, done = [], len(runs) - len(pending)
    stopped = [outcome.code for outcome in outcomes if outcome and outcome.state == STOPPED]
    for place, outcome in zip(pending, outcomes, strict=True):
        run = runs[place]
        if outcome is None and run is not None and run.finished:
            done += 1
        elif outcome is not None and outcome.state == STOPPED:
            continue
        elif outcome is not None and outcome.state == FINISHED:
            done += 1
        else:
            reason = outcome.reason if outcome else LOST
            failed.append(f"job {place + 1} ({study.jobs[place].name}): {reason}")
    for line in failed:
        say(f"error: {line}")
    if stopped:
        raise Stopped(stopped[0] - 128)
    if runs[0] is not None:
        again = f", {len(failed)} failed; the same command tries these again" if failed else ""
        runs_are = f"{number_of(len(runs), 'run')} {are(len(runs))}"
        say(f"{study.title}: {done} of {runs_are} finished{again}")
        say("the same command with task=report compares them")
        for look in together([run.folder for run in runs if run is not None]):
            say(look)
    return JOB_FAILED if failed else 0


if __name__ == "__main__":
    sys.exit(console())
