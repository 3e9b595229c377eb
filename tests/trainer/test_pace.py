"""When a log line names a setting that would be faster, and how much."""

from __future__ import annotations

import pytest
import torch

from experiments.machine.core import Look
from experiments.machine.throttle import POLICIES
from experiments.trainer import pace
from experiments.trainer.pace import Pace, advice

BEGAN = Look(0.0, 0.0, 0.0, 1)


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in POLICIES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pace, "cores", lambda: 2)


def after(wall: float, own: float, others: float) -> Look:
    """Cores used on average."""
    return Look(wall, wall * (own + others), wall * own, 1)


def test_one_thread_is_named_where_its_processor_time_gives_more() -> None:
    line = advice(1000, BEGAN, after(10.0, 0.5, 1.5), 2, slept=10.0)
    assert line == (
        "other processes keep 1.5 of 2 cores busy: launch.threads=1 would make up to 200 images/s, "
        "2 threads make 100; another number rounds otherwise"
    )


@pytest.mark.parametrize(
    ("own", "others", "threads", "slept"),
    [
        (0.5, 0.2, 2, 10.0),  # nobody else: it waits for its batches, or for a disk
        (0.5, 1.5, 1, 10.0),  # nothing is faster than one
        (0.95, 1.0, 2, 10.0),  # one thread would be no faster
        (1.7, 1.0, 4, 0.0),  # spinning: processor time is not work
        (1.9, 1.0, 2, 10.0),  # all that there is
    ],
)
def test_nothing_is_said_that_was_not_measured(
    own: float, others: float, threads: int, slept: float
) -> None:
    assert advice(1000, BEGAN, after(10.0, own, others), threads, slept) is None


def test_how_a_user_has_threads_wait_is_named_without_a_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    line = advice(10, BEGAN, after(10.0, 1.0, 1.0), 2, slept=0.0)
    assert line is not None and "without OMP_WAIT_POLICY threads sleep" in line


def test_it_is_said_once_and_of_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    found, now = Pace(torch.device("cpu")), [BEGAN]
    monkeypatch.setattr(pace, "look", lambda: now[0])
    monkeypatch.setattr(pace, "_slept", lambda: now[0].at)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    found.last, found.slept = BEGAN, 0.0
    now[0] = after(10.0, 0.4, 1.6)
    assert found.advice(1000, seconds=5.0) is None, "half of it were samples"
    now[0] = after(20.0, 0.4, 1.6)
    assert found.advice(1000, seconds=10.0) is not None
    now[0] = after(30.0, 0.4, 1.6)
    assert found.advice(1000, seconds=10.0) is None
    assert Pace(torch.device("meta")).told
