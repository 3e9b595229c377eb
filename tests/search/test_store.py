"""Trials that several processes share, and that outlive them."""

from __future__ import annotations

import csv
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.search import trial as states
from experiments.search.command import trials_as_study
from experiments.search.request import check, search_of
from experiments.search.store import Store
from experiments.study.command import study_of
from experiments.terminal.error import UserError

Open = Callable[..., Store]


def elsewhere(work: Callable[[], None]) -> int:
    """Start a process that does it; its id."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def steps(store: Store, *scores: float) -> list[bool]:
    """A trial with these evaluations: which of them were said to be hopeless."""
    held = store.claim()
    assert held is not None
    judged = [store.report(held, step, score) for step, score in enumerate(scores, start=1)]
    store.finish(held, states.COMPLETE, scores[-1], 600)
    return judged


def test_trials_are_numbered_and_then_there_are_enough(open_store: Open) -> None:
    store = open_store("search.trials=3")
    for number in range(3):
        held = store.claim()
        assert held is not None and held.number == number and not held.resumed
        assert 0.0002 <= float(held.settings["data.preset.lr"]) <= 0.004
        assert held.settings["system.generator_steps"] in ("1", "2")
        store.finish(held, states.COMPLETE, 0.1 * number, 600)
    assert store.claim() is None
    assert [round(trial.score or 0, 2) for trial in store.tried()] == [0.0, 0.1, 0.2]
    best = store.best()
    assert best is not None and best.place == 3
    more = open_store("search.trials=4").claim()
    assert more is not None and more.number == 3


def test_trials_that_are_given_up_or_fail_count_too(open_store: Open) -> None:
    store = open_store("search.trials=2")
    held = store.claim()
    assert held is not None
    store.report(held, 1, 0.25)
    store.finish(held, states.PRUNED, images=200)
    held = store.claim()
    assert held is not None
    store.note(held, Path("/runs/b"))
    store.finish(held, states.FAILED, reason="no room")
    assert store.claim() is None and store.best() is None
    first, second = store.tried()
    assert (first.state, first.score, first.images) == ("pruned", 0.25, 200)
    assert (second.state, second.score, second.reason) == ("failed", None, "no room")
    with (store.folder / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["pruned", "failed"]
    assert rows[0]["attribute_accuracy/colour"] == "0.25" and rows[1]["reason"] == "no room"
    assert rows[0]["data.preset.lr"] == first.settings["data.preset.lr"]
    assert rows[1]["folder"] == "/runs/b"


def test_a_trial_whose_process_was_killed_goes_on_with_its_values(open_store: Open) -> None:
    def work() -> None:
        held = open_store().claim()
        assert held is not None
        held.trial.report(0.5, 1)
        (open_store().folder / "said").write_text(str(held.settings))
        os.kill(os.getpid(), signal.SIGKILL)

    assert ended(elsewhere(work)) == -signal.SIGKILL
    store = open_store()
    assert [trial.state for trial in store.tried()] == ["lost"]
    held = store.claim()
    assert held is not None and held.resumed and held.number == 0
    assert str(held.settings) == (store.folder / "said").read_text()
    assert held.reported == {1}
    assert not store.report(held, 1, 0.5), "it is known already"
    assert [trial.state for trial in store.tried()] == ["running"]
    another = open_store().claim()
    assert another is not None and another.number == 1
    store.finish(held, states.COMPLETE, 0.7, 600)
    another.lock.close()
    assert [trial.state for trial in store.tried()] == ["complete", "lost"]


def test_a_process_that_dies_before_it_has_values_loses_none(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = open_store().claim()
    assert expected is not None
    (open_store().folder).rename(open_store().folder.with_name("first"))

    def work() -> None:
        store = open_store()
        monkeypatch.setattr(Store, "_values", lambda *_, **__: os.kill(os.getpid(), 9))
        store.claim()

    assert ended(elsewhere(work)) == -signal.SIGKILL
    held = open_store().claim()
    assert held is not None and held.resumed and held.number == 0
    assert held.settings == expected.settings


def test_two_processes_make_exactly_so_many_trials(open_store: Open, tmp_path: Path) -> None:
    def work() -> None:
        store = open_store("search.trials=15")
        while (held := store.claim()) is not None:
            with (tmp_path / f"made-{os.getpid()}").open("a") as file:
                file.write(f"{held.number}\n")
            weight = float(held.settings["loss.damsm.weight"])
            store.report(held, 1, weight)
            store.finish(held, states.COMPLETE, weight, 600)

    children = [elsewhere(work), elsewhere(work)]
    assert [ended(child) for child in children] == [0, 0]
    made = [path.read_text().split() for path in tmp_path.glob("made-*")]
    assert len(made) == 2 and all(made), "both had something to do"
    assert sorted(int(number) for numbers in made for number in numbers) == list(range(15))
    trials = open_store("search.trials=15").tried()
    assert {trial.state for trial in trials} == {"complete"} and len(trials) == 15
    assert len({tuple(trial.settings.values()) for trial in trials}) == 15
    assert not list((tmp_path / "found").glob("trial-*.lock"))


def test_the_same_search_makes_the_same_trials_stopped_or_not(
    open_store: Open, tmp_path: Path
) -> None:
    found = []
    for often in (False, True):
        store = open_store()
        settings = []
        while True:
            store = open_store() if often else store
            held = store.claim()
            if held is None:
                break
            settings.append(held.settings)
            store.finish(held, states.COMPLETE, float(held.settings["loss.damsm.weight"]), 600)
        found.append(settings)
        (tmp_path / "found").rename(tmp_path / f"found-{often}")
    assert found[0] == found[1] and len(found[0]) == 6
    other = open_store("search.sampler.seed=1").claim()
    assert other is not None and other.settings not in found[0]


def test_less_than_the_median_is_hopeless_once_enough_are_complete(open_store: Open) -> None:
    store = open_store("search.trials=20", "search.pruner.startup=4")
    for score in (0.1, 0.2, 0.3, 0.4):
        assert steps(store, score) == [False]
    assert steps(store, 0.24) == [True], "the median is 0.25"
    store = open_store("search.trials=20", "search.pruner={startup:4,warmup:1}")
    assert steps(store, 0.0, 0.0) == [False, False], "nobody else has a second evaluation"


def test_of_a_distance_more_is_hopeless(open_store: Open) -> None:
    store = open_store("search.score=frechet/classifier", "search.pruner.startup=2")
    for score in (10.0, 20.0):
        assert steps(store, score) == [False]
    assert steps(store, 14.0, 16.0) == [False, False]
    assert steps(store, 16.0) == [True]


def test_a_bound_needs_no_other_trials(open_store: Open) -> None:
    store = open_store("search.pruner.below=0.2")
    assert steps(store, 0.1, 0.3) == [True, False]
    store = open_store("search.pruner={below:0.2,warmup:1}")
    assert steps(store, 0.1, 0.1) == [False, True]
    assert steps(open_store("search.pruner=null"), 0.0) == [False]


def test_other_settings_in_the_same_file(open_store: Open) -> None:
    first = open_store().claim()
    assert first is not None
    with pytest.raises(UserError) as error:
        open_store("trainer.batch=8")
    line = str(error.value)
    assert "search.db: was begun with other settings: trainer.batch was not set, is 8;" in line
    assert "another name, or move its folder away" in line
    first.lock.close()
    mended = open_store("trainer.batch=8")
    assert mended.tried() == [], "nothing had ended: a first try"
    steps(mended, 0.5)
    with pytest.raises(UserError, match=r"loss.damsm.weight was 0.5 to 50, is not set"):
        open_store("trainer.batch=8", "loss.damsm.weight=5")


def test_a_file_that_is_none(open_store: Open) -> None:
    folder = open_store().folder
    (folder / "search.db").write_bytes(b"This is no data base." * 99)
    with pytest.raises(UserError, match=r"search.db: file is not a database; make room, or move"):
        open_store()


def test_a_reader_does_not_disturb(open_store: Open) -> None:
    store = open_store()
    with sqlite3.connect(store.folder / "search.db") as reader:
        reader.execute("select * from studies").fetchall()
        assert steps(store, 0.5) == [False]


def test_optuna_is_an_extra(open_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"run pip install -e '(\.|/\S+)\[search\]'"):
        open_store()


def test_the_trials_are_the_jobs_of_a_report(open_store: Open, tmp_path: Path) -> None:
    words = ["study=which", f"paths.outputs={tmp_path}"]
    with pytest.raises(UserError, match="no trial was made so far"):
        trials_as_study(study_of(words), words)
    request = search_of(study_of(words), words)
    held = Store(check(request), request).claim()
    assert held is not None
    found = trials_as_study(study_of(words), words)
    (job,) = found.jobs
    assert found.varied == list(request.space) and job.settings["seed"] == "0"
    assert f"data.preset.lr={held.settings['data.preset.lr']}" in job.overrides
