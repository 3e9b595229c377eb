"""Progress of a long loop: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TextIO

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

BAR = "{desc}{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{rate_fmt}, {remaining} left{postfix}]"


class Progress:
    """Images done, images/s of late, time left and a few values, on stderr.

    On a terminal a tqdm bar, and log lines appear above it. Elsewhere (a file, SLURM) at most one
    line in `interval` seconds, and one at the end. Of work that takes less than `delay` seconds
    nothing is said. `unit`: what is counted. Use as a context manager, or call `close`.
    """

    def __init__(
        self,
        total_images: int,
        start: int = 0,
        description: str = "",
        enabled: bool = True,
        *,
        stream: TextIO | None = None,
        unit: str = "images",
        interval: float = 20.0,
        delay: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total, self.images, self.description = total_images, start, description
        self._stream = sys.stderr if stream is None else stream
        self._interval, self._clock, self.unit = interval, clock, unit
        self._told_from = clock() + delay
        self._enabled = enabled
        self._values: dict[str, float] = {}
        self._printed_at, self._printed_images = clock(), start
        self._bar: tqdm | None = None
        self._exit = ExitStack()
        if enabled and self._stream.isatty():
            self._exit.enter_context(logging_redirect_tqdm())
            self._bar = self._exit.enter_context(
                tqdm(
                    total=total_images,
                    initial=start,
                    desc=description,
                    unit=f" {unit}",
                    delay=delay,
                    disable=False,
                    unit_scale=True,
                    **_width(self._stream),
                    mininterval=0.3,
                    bar_format=BAR,
                    file=self._stream,
                )
            )

    def update(self, images: int, values: Mapping[str, float] | None = None) -> None:
        """Set the images done (absolute, not an increment) and, if given, the values shown."""
        if values is not None:
            self._values = dict(values)
        done, self.images = images - self.images, images
        if self._bar is not None:
            if values is not None:
                self._bar.set_postfix_str(_values(self._values), refresh=False)
            self._bar.update(done)
        elif self._enabled and self._clock() - self._printed_at >= self._interval:
            self._print()

    def add(self, images: int) -> None:
        """So many more are done."""
        self.update(self.images + images)

    def close(self) -> None:
        """Leave the terminal clean; a second call does nothing."""
        due = self._clock() >= self._told_from and self.images != self._printed_images
        if self._bar is None and self._enabled and due:
            self._print()
        self._enabled = False
        self._bar = None
        self._exit.close()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _print(self) -> None:
        now = self._clock()
        rate = (self.images - self._printed_images) / max(now - self._printed_at, 1e-9)
        self._printed_at, self._printed_images = now, self.images
        self._stream.write(self._line(rate) + "\n")
        self._stream.flush()

    def _line(self, rate: float) -> str:
        share = 100 * self.images / self.total if self.total else 100
        unit = self.unit
        parts = [f"{self.images:,}/{self.total:,} {unit} ({share:.0f}%)", f"{rate:.3g} {unit}/s"]
        if rate > 0 and self.images < self.total:
            parts.append(f"{duration((self.total - self.images) / rate)} left")
        if self._values:
            parts.append(_values(self._values))
        return (f"{self.description}: " if self.description else "") + ", ".join(parts)


def duration(seconds: float) -> str:
    """A time as people say it: `42 s`, `12 min`, `3 h 05 min`, `2 d 4 h`."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def _width(stream: TextIO) -> dict[str, int | bool]:
    # Some containers have a terminal that says it is 0 columns wide; tqdm would draw nothing.
    try:
        known = os.get_terminal_size(stream.fileno()).columns > 0
    except (OSError, ValueError):
        known = False
    return {"dynamic_ncols": True} if known else {"ncols": 100}


def _values(values: Mapping[str, float]) -> str:
    return " ".join(f"{name} {value:.4g}" for name, value in values.items())
