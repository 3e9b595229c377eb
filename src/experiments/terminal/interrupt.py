"""SIGINT and SIGTERM ask a run to save and leave; a second SIGINT leaves at once."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from experiments.terminal.line import say

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """The user stopped a run and was told so. `code` is what a shell expects: 128 + the signal."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.code = 128 + number


class Interrupt:
    """`requested` is True once a signal came; handlers of before return on exit."""

    def __init__(self) -> None:
        self.requested = False
        self.number: int = signal.SIGINT
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupt:
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        if not self.requested:
            say(f"{signal.Signals(number).name}: saving and leaving (again: leave at once)")
        self.requested, self.number = True, number
