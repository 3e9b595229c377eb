"""Passwords that were wrong: who gave some has to wait before the next, and longer each time."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

FREE = 5  # wrong ones, before one waits
FIRST, LONGEST = 30.0, 3600.0  # s that one waits: twice as long each time
HELD = 4096  # addresses that are remembered; those that tried longest ago leave first
TOLD = (
    f"After {FREE} wrong passwords the next has to wait: {FIRST:g} s at first, twice as long each "
    "time."
)


class Tries:
    """Of each address that `clock` (s) has not seen for longer than `LONGEST`, nothing is known."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._made: OrderedDict[str, tuple[int, float]] = OrderedDict()  # how many, and when

    def take(self, address: str) -> float:
        """One more try of an address, which counts as wrong until `right` is called, so that many
        at once are as many tries. Returns the seconds that it has to wait; 0 where it may."""
        key, now = network(address), self._clock()
        with self._lock:
            count, last = self._made.pop(key, (0, now))
            if now - last > LONGEST:
                count = 0
            if count >= FREE and (left := last + _wait(count) - now) > 0:
                self._made[key] = count, last
                return left
            while len(self._made) >= HELD:
                self._made.popitem(last=False)
            self._made[key] = count + 1, now
            return 0.0

    def right(self, address: str) -> None:
        """The password was right: what was wrong before is forgotten."""
        with self._lock:
            self._made.pop(network(address), None)

    def __len__(self) -> int:
        return len(self._made)


def _wait(count: int) -> float:
    return float(min(LONGEST, FIRST * 2.0 ** min(count - FREE, 16)))


def network(address: str) -> str:
    """What counts as one address: of IPv6 the first 64 bits, which one household has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found)
