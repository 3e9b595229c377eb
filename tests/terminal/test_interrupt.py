"""Signals in real processes: noted whatever happens to the message, and heard twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from experiments.terminal.interrupt import AGAIN, SIGNALS, Interrupt, Stopped, asked, leaving

NOTES = """
import signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may ignore it, as nohup does
from experiments.terminal.interrupt import Interrupt
from experiments.terminal.stream import settle
settle()
with Interrupt() as interrupt:
    print("ready", flush=True)
    while not interrupt.requested:
        time.sleep(0.01)
    {then}
"""
BLOCKED = """
import ctypes
from experiments.terminal import interrupt
interrupt.FIRST = interrupt.SECOND = 0.2
with interrupt.{how}():
    print("ready", flush=True)
    lock = ctypes.create_string_buffer(64)
    for _ in range(2):  # code that no handler interrupts, such as waiting for other processes
        ctypes.CDLL(None).pthread_mutex_lock(lock)
"""


def started(script: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    return child


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_noted_though_nobody_can_be_told(number: int) -> None:
    reading, writing = os.pipe()
    child = started(NOTES.format(then="sys.exit(7)"), stderr=writing)
    os.close(writing)
    os.close(reading)  # `tee` dies of the same Ctrl-C
    child.send_signal(number)
    assert child.wait(20) == 7


def test_the_same_request_twice_is_one_and_again_leaves_at_once() -> None:
    """`timeout` and torchrun send it twice; any of the signals is heard again."""
    child = started(NOTES.format(then="time.sleep(60)"))
    child.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    child.send_signal(signal.SIGTERM)
    time.sleep(AGAIN)
    assert child.poll() is None
    child.send_signal(signal.SIGHUP)
    assert child.wait(20) == 128 + signal.SIGHUP
    assert child.stderr is not None
    told = child.stderr.read()
    assert told.count("SIGTERM: saving and leaving (again: leave at once)") == 1
    assert "SIGHUP: left at once" in told and "Traceback" not in told


@pytest.mark.parametrize(("how", "signals"), [("leaving", 1), ("Interrupt", 2)])
def test_a_process_that_waits_in_foreign_code_can_be_ended(how: str, signals: int) -> None:
    child = started(BLOCKED.format(how=how))
    time.sleep(0.5)  # until it waits
    for _ in range(signals):
        child.send_signal(signal.SIGTERM)
        time.sleep(AGAIN + 0.1 if signals > 1 else 0)
    assert child.wait(20) == 128 + signal.SIGTERM


def test_where_nothing_is_to_be_saved_the_work_ends_at_once() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped) as stopped, leaving():
        with Interrupt(lambda number: None) as saving:  # in here it is noted
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.05)
            assert saving.requested and asked() == signal.SIGTERM
        assert asked() == 0
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(1)
    assert stopped.value.code == 128 + signal.SIGUSR1 and not stopped.value.told
    assert signal.getsignal(signal.SIGTERM) is before and asked() == 0


def test_what_its_starter_ignores_stays_ignored() -> None:
    """`nohup`: the terminal may close."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(0.05)
        assert not interrupt.requested
    finally:
        signal.signal(signal.SIGHUP, before)
