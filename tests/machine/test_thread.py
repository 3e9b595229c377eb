"""How many threads a run computes with, and why."""

from __future__ import annotations

import pytest

from experiments.launch.arrangement import Arrangement
from experiments.machine import thread
from experiments.machine.core import cores
from experiments.machine.thread import SHARED, Threads, choose, recorded, shared_out

ALONE: dict[str, str] = {}


@pytest.fixture(autouse=True)
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cores are free."""
    monkeypatch.setattr(thread, "free", lambda: 3)


def test_as_many_as_cores_are_free() -> None:
    assert choose(None, None, ALONE) == Threads(3, f"3 of {cores()} cores free")


def test_one_where_none_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "free", lambda: 0)
    assert str(choose(None, None, ALONE)) == f"1 thread (0 of {cores()} cores free)"
    assert choose(None, None, shared_out(None, 2, ALONE)).count == 1


def test_what_the_command_says_comes_first() -> None:
    environ = {SHARED: "4 for a reason", "OMP_NUM_THREADS": "6"}
    assert choose(7, 5, environ) == Threads(7, "launch.threads")
    assert choose(None, 5, environ) == Threads(5, "as it began")
    assert choose(None, None, environ) == Threads(4, "for a reason")
    del environ[SHARED]
    assert choose(None, None, environ) == Threads(6, "OMP_NUM_THREADS")


def test_what_a_launcher_puts_there_by_itself_is_nobodys_wish() -> None:
    environ = {"OMP_NUM_THREADS": "1", "RANK": "0", "WORLD_SIZE": "2"}
    assert choose(None, None, environ).why == f"{cores()} cores, 2 processes"
    assert choose(None, None, environ | {"OMP_NUM_THREADS": "2"}).why == "OMP_NUM_THREADS"
    assert choose(None, None, {"OMP_NUM_THREADS": "1"}) == Threads(1, "OMP_NUM_THREADS")


@pytest.mark.parametrize("text", ["", "all", "0", "-2"])
def test_what_openmp_would_not_take_says_nothing(text: str) -> None:
    assert choose(None, None, {"OMP_NUM_THREADS": text}).count == 3


def test_processes_of_one_run_share_what_is_free() -> None:
    for processes, each in ((1, 3), (2, 1), (3, 1), (8, 1)):
        environ = shared_out(None, processes, ALONE)
        assert choose(None, None, environ).count == each
    told = choose(None, None, shared_out(None, 2, ALONE))
    assert str(told) == f"1 thread (3 of {cores()} cores free, 2 processes)"


def test_what_was_shared_out_or_asked_for_stays() -> None:
    assert shared_out(2, 4, ALONE) == {}
    assert shared_out(None, 4, {SHARED: "2 of a study"}) == {}
    environ = shared_out(None, 4, {"OMP_NUM_THREADS": "5"})
    assert choose(None, None, environ | {"RANK": "0"}) == Threads(5, "OMP_NUM_THREADS")


def test_a_run_keeps_its_number_with_the_same_processes() -> None:
    about = {"machine": {"processes": 2, "threads": 4}}
    assert recorded(about, 2) == 4
    assert recorded(about, 1) is None
    assert recorded({"machine": {"processes": 2}}, 2) is None and recorded({}, 1) is None


def test_jobs_of_a_study_are_told_their_share() -> None:
    for slots in ((), ("cpu-0", "cpu-1")):
        with Arrangement("joblib", 2, 1, slots).share(1, lambda: False) as environ:
            assert str(choose(None, None, environ)) == "1 thread (2 jobs at a time)"
            assert shared_out(None, 1, environ) == {}
            assert choose(None, 2, environ).count == 2, "a run keeps what it began with"
    with Arrangement("basic", 1, None, ()).share(1, lambda: False) as environ:
        assert environ == {}
