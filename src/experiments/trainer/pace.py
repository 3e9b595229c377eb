"""Whether a run computes with what it takes of the machine, and which setting would do better."""

from __future__ import annotations

import os

import torch

from experiments.machine.core import Look, cores, look, others
from experiments.machine.thread import processes_here
from experiments.machine.throttle import POLICIES, throttle

WORTH = 1.15  # how many times faster a setting must be to be named
BUSY = 0.5  # cores that others use
LOST = 0.75  # of what its threads could compute


class Pace:
    """Wall time against processor time, from one log line of a run to the next."""

    def __init__(self, device: torch.device) -> None:
        """Of several processes the others are the run itself, and a GPU has its own clock."""
        self.told = processes_here() > 1 or device.type != "cpu"
        self.last, self.slept = look(), _slept()

    def advice(self, images: int, seconds: float) -> str | None:
        """What to tell a user, once, after so many images in so many seconds of training.

        The time since the last call may hold other work, such as samples and scores: it then says
        nothing of training.
        """
        before, slept = self.last, self.slept
        self.last, self.slept = look(), _slept()
        wall = self.last.at - before.at
        if self.told or wall > 1.1 * seconds or images < 1:
            return None
        line = advice(images, before, self.last, torch.get_num_threads(), self.slept - slept)
        self.told = line is not None
        return line


def advice(images: int, before: Look, after: Look, threads: int, slept: float) -> str | None:
    """The line for `images` between two looks. slept: seconds in which its threads slept while they
    waited for one another."""
    wall, computed, busy = after.at - before.at, after.own - before.own, others(before, after)
    if threads == 1 or busy < BUSY or computed > LOST * threads * wall:
        return None
    told = f"other processes keep {busy:.1f} of {cores()} cores busy"
    if chosen := [name for name in POLICIES if os.environ.get(name)]:
        return f"{told}: without {' and '.join(chosen)} threads sleep then while they wait"
    # Processor time of sleeping threads is work, which one thread does without waiting.
    alone, now = images / max(computed, 1e-9), images / wall
    if slept < 0.9 * wall or alone < WORTH * now:
        return None
    return (
        f"{told}: launch.threads=1 would make up to {alone:.3g} images/s, {threads} threads make "
        f"{now:.3g}; another number rounds otherwise"
    )


def _slept() -> float:
    found = throttle()
    return 0.0 if found is None else found.seconds()
