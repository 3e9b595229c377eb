"""Signals that ask a process to leave: the same for one process, for several, and for a study.

Outside of what must be saved the first of them ends the work at once (`leaving`). Inside it is
noted (`Interrupt`), and long work looks for it. Another one, a second later, leaves at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

from experiments.terminal.line import say

# Ctrl-C, a closed terminal, and what SLURM, submitit and others send before they take a job away.
SIGNALS: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
ALWAYS = ("SIGINT", "SIGTERM")  # heard even where whoever started this process ignores them
AGAIN = 1.0  # s; what comes sooner is the same request, which `timeout` and torchrun say twice
FIRST, SECOND = 15.0, 3.0  # s that a process has to leave by itself, where nothing is to be saved
_active: list[Interrupt] = []


class Stopped(KeyboardInterrupt):
    """The user stopped it. `code` is what a shell expects: 128 + the signal. `told`: the user knows
    what was saved, and all processes of a run agreed to leave."""

    def __init__(self, number: int = signal.SIGINT, told: bool = True) -> None:
        super().__init__()
        self.number, self.code, self.told = int(number), 128 + number, told


class Interrupt:
    """While it is entered signals are noted: `requested` is True once one came, `number` says which
    one was the last. Handlers of before return on exit."""

    def __init__(
        self,
        heard: Callable[[int], None] | None = None,
        again: Callable[[int], None] | None = None,
    ) -> None:
        """heard: called with the first signal, once it is noted; says by default that what is done
        will be saved. again: with those that come later; leaves at once by default."""
        self.requested = False
        self.number: int = signal.SIGINT
        self._heard, self._again, self._since = heard or _tell, again or leave_at_once, 0.0
        self._before: dict[signal.Signals, Any] = {}
        self._watched: int | None = None

    def __enter__(self) -> Interrupt:
        _active.append(self)
        if threading.current_thread() is threading.main_thread():  # only there can they be heard
            if len(_active) == 1:
                self._watched = _watched()
            for number in SIGNALS:
                if number.name in ALWAYS or signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        _active.remove(self)
        if self._watched is not None:
            os.close(signal.set_wakeup_fd(self._watched))

    @property
    def at_once(self) -> bool:
        """Whether the first signal already ends the work."""
        return self._heard is _raise

    def note(self, number: int) -> None:
        """What a signal does; for those who ask in another way."""
        now, first = time.monotonic(), not self.requested
        if first:  # before anything that may fail
            self.requested, self.number, self._since = True, number, now
            self._heard(number)
        elif now - self._since >= AGAIN:
            self.number = number
            self._again(number)

    def of_others(self, number: int) -> Callable[[int, None], Any] | None:
        """What handled a signal before, if that was another program, such as submitit."""
        handler = self._before.get(signal.Signals(number))
        ours = isinstance(getattr(handler, "__self__", None), Interrupt)
        return handler if callable(handler) and not ours else None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.note(number)


def leaving() -> Interrupt:
    """To be entered around what has nothing to save, or writes it whole or not at all: a signal
    raises `Stopped` wherever the process is."""
    return Interrupt(_raise)


def asked() -> int:
    """The signal that asked this process to leave; 0 where none did."""
    return next((item.number for item in reversed(_active) if item.requested), 0)


def stop_if_asked() -> None:
    """Raise `Stopped` where this process was asked to leave. For long work within an `Interrupt`;
    what all processes of a run do together asks `Ranks.stop_if_asked`."""
    if number := asked():
        raise Stopped(number)


def leave_at_once(number: int) -> NoReturn:
    """End this process: nothing is half written, since files take their names when they are whole,
    and locks are the kernel's."""
    tell_left(number)
    end_at_once(128 + number)


def tell_left(number: int) -> None:
    """What is said where work ends without having saved."""
    say(f"{signal.Signals(number).name}: left at once; the same command goes on from what is saved")


def end_at_once(code: int) -> NoReturn:
    """End this process without anything that Python does at its end."""
    with suppress(AttributeError, OSError, ValueError):
        sys.stdout.flush()
    os._exit(code)


def _watched() -> int:
    """Have a thread see every signal, also while this one is in code that is none of Python's: a
    handler waits for it, and a process that waits for others could not be ended. Returns what was
    woken by signals before."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    threading.Thread(target=_watch, args=(reader,), name="signals", daemon=True).start()
    return signal.set_wakeup_fd(writer, warn_on_full_buffer=False)


def _watch(reader: int) -> None:
    """End the process where it has not left by itself in time."""
    since: float | None = None
    with open(reader, "rb", buffering=0) as signals:
        while heard := signals.read(1):  # nothing once it is closed
            number, now = heard[0], time.monotonic()
            if number not in SIGNALS:
                continue
            since = now if since is None else since
            if now - since >= AGAIN:
                threading.Thread(target=_end, args=(number, SECOND, False), daemon=True).start()
            elif since == now:
                threading.Thread(target=_end, args=(number, FIRST, True), daemon=True).start()


def _end(number: int, patience: float, first: bool) -> None:
    time.sleep(patience)
    if _active and (not first or _active[-1].at_once):
        leave_at_once(number)


def _tell(number: int) -> None:
    say(f"{signal.Signals(number).name}: saving and leaving (again: leave at once)")


def _raise(number: int) -> NoReturn:
    raise Stopped(number, told=False)
