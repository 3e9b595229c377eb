"""Who waits for whom: one at a time, in order, only so many, and not for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from experiments.app.queue import Queue
from experiments.app.refusal import Refused
from experiments.app.shelf import Shelf


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_requests_run_one_at_a_time_in_their_order() -> None:
    queue, running, most, order = Queue(20, 30.0), 0, 0, []
    release = threading.Event()

    def task(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if number == 0:
            release.wait(20)
        order.append(number)
        running -= 1
        return number

    found: dict[int, int] = {}
    threads = []
    for number in range(8):
        threads.append(
            threading.Thread(target=lambda n=number: found.update({n: queue.run(lambda: task(n))}))
        )
        threads[-1].start()
        until(lambda n=number: queue.length >= n)
    release.set()
    for thread in threads:
        thread.join(20)
    assert most == 1 and order == list(range(8)) and found == {n: n for n in range(8)}
    queue.close()


def test_more_than_may_wait_are_refused_at_once_and_nobody_waits_beyond_patience() -> None:
    queue, release, started = Queue(1, 0.3), threading.Event(), threading.Event()

    def long() -> None:
        started.set()
        release.wait(20)

    first = threading.Thread(target=lambda: queue.run(long))
    first.start()
    assert started.wait(20)
    told: list[str] = []
    ran: list[int] = []

    def second() -> None:
        try:
            queue.run(lambda: ran.append(1))
        except Refused as refusal:
            told.append(str(refusal))

    waiting = threading.Thread(target=second)
    waiting.start()
    until(lambda: queue.length == 1)
    began = time.monotonic()
    with pytest.raises(Refused, match="busy: 1 requests wait already"):
        queue.run(lambda: None)
    assert time.monotonic() - began < 0.2
    waiting.join(20)
    assert told == ["busy: it was not your turn within 0.3 s (app.patience); try again in a moment"]
    release.set()
    first.join(20)
    assert queue.run(lambda: 7) == 7 and not ran  # whoever left is not drawn for
    queue.close()


def test_whoever_waits_when_it_closes_is_told_at_once() -> None:
    queue, release, started = Queue(4, 60.0), threading.Event(), threading.Event()
    told: list[str] = []

    def long() -> None:
        started.set()
        release.wait(20)

    def second() -> None:
        try:
            queue.run(lambda: None)
        except Refused as refusal:
            told.append(str(refusal))

    threads = [threading.Thread(target=lambda: queue.run(long)), threading.Thread(target=second)]
    threads[0].start()
    assert started.wait(20)
    threads[1].start()
    until(lambda: queue.length == 1)
    closing = threading.Thread(target=queue.close)
    closing.start()
    threads[1].join(10)
    assert told == ["this page is closing"]
    release.set()
    closing.join(20)
    with pytest.raises(Refused, match="is closing"):
        queue.run(lambda: None)


def test_what_a_task_raises_is_its_callers() -> None:
    queue = Queue(1, 5.0)
    with pytest.raises(ZeroDivisionError):
        queue.run(lambda: 1 // 0)
    assert queue.run(lambda: "next") == "next"
    queue.close()


def test_the_least_recently_used_leaves_first_and_each_is_loaded_once() -> None:
    loaded: list[str] = []

    def load(name: str) -> str:
        loaded.append(name)
        return name.upper()

    shelf = Shelf(load, 2)
    assert [shelf[name] for name in "abab"] == ["A", "B", "A", "B"]
    assert loaded == ["a", "b"]
    shelf["a"]
    shelf["c"]
    assert shelf.held == ("a", "c")
    shelf["b"]
    assert loaded == ["a", "b", "c", "b"] and shelf.held == ("c", "b")
