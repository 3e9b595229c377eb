"""A bar on a terminal, sparse lines elsewhere."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import pty
import termios

import pytest

from experiments.terminal.progress import Progress, duration


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_file_gets_at_most_a_line_per_interval() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(1000, 200, "attngan", stream=stream, interval=20, clock=clock)
    for second in range(1, 61):
        clock.now += 1
        progress.update(200 + 10 * second, {"D": 1.23456, "G": second})
    lines = stream.getvalue().splitlines()
    assert lines == [
        "attngan: 400/1,000 images (40%), 10 images/s, 60 s left, D 1.235 G 20",
        "attngan: 600/1,000 images (60%), 10 images/s, 40 s left, D 1.235 G 40",
        "attngan: 800/1,000 images (80%), 10 images/s, 20 s left, D 1.235 G 60",
    ]
    progress.close()
    assert len(stream.getvalue().splitlines()) == 3  # nothing happened since


def test_work_that_is_counted_otherwise_is_told_in_lines_once_it_is_long() -> None:
    """As stores are made: a bar in a log would be one line of all its states."""
    for seconds, told in (
        (1, ""),
        (8, "a: 4/9 files (44%), 0.25 files/s, 20 s left\na: 9/9 files (100%), 0.312 files/s\n"),
    ):
        stream, clock = io.StringIO(), Clock()
        with Progress(
            9, 0, "a", unit="files", stream=stream, interval=15, delay=10, clock=clock
        ) as bar:
            for _ in range(4):
                clock.now += seconds / 2
                bar.add(1)
            clock.now += 0 if seconds == 1 else 16
            bar.add(5)
        assert stream.getvalue() == told


def test_the_rate_is_the_recent_one() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(10_000, stream=stream, interval=20, clock=clock)
    clock.now += 20
    progress.update(20)
    clock.now += 20
    progress.update(2020)
    assert "100 images/s, 80 s left" in stream.getvalue().splitlines()[1]


def test_the_last_line_tells_the_end_once() -> None:
    stream, clock = io.StringIO(), Clock()
    with Progress(50, stream=stream, clock=clock) as progress:
        clock.now += 5
        progress.update(50)
        assert stream.getvalue() == ""
    progress.close()
    assert stream.getvalue() == "50/50 images (100%), 10 images/s\n"


def test_disabled_is_silent() -> None:
    stream = io.StringIO()
    with Progress(10, enabled=False, stream=stream, interval=0) as progress:
        progress.update(5)
    assert stream.getvalue() == ""


def _all_of(master: int) -> str:
    """All that a terminal was given; Linux ends it with an error instead of an empty read."""
    shown = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 65536):
            shown += chunk
    return shown.decode()


@pytest.mark.parametrize("columns", [0, 120])
def test_a_terminal_gets_a_bar_that_closes_on_an_error(columns: int) -> None:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, columns))
    handler = logging.StreamHandler()
    logging.getLogger().addHandler(handler)
    try:
        with os.fdopen(slave, "w") as terminal:
            with (
                pytest.raises(KeyError),
                Progress(1000, 100, "damsm", stream=terminal) as progress,
            ):
                progress.update(500, {"word": 2.5})
                assert handler not in logging.getLogger().handlers  # lines go above the bar
                raise KeyError("the loop failed")
            assert handler in logging.getLogger().handlers
        shown = _all_of(master)
    finally:
        logging.getLogger().removeHandler(handler)
        os.close(master)
    assert "damsm" in shown
    assert "1.00k" in shown
    assert "word 2.5" in shown
    assert shown.endswith("\n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (99, "99 s"), (100, "2 min"), (11_100, "3 h 05 min"), (187_200, "2 d 4 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
