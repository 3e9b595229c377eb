"""Wrong passwords: who gave some has to wait, and how long."""

from __future__ import annotations

import pytest

from experiments.app.page import tries
from experiments.app.page.tries import FREE, Tries, network


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_one_waits_after_some_and_longer_each_time() -> None:
    clock = Clock()
    made = Tries(clock)
    assert [made.take("192.0.2.7") for _ in range(FREE)] == [0.0] * FREE
    assert made.take("192.0.2.7") == 30.0
    assert made.take("192.0.2.8") == 0.0, "another address waits for nothing"
    clock.now += 29.5
    assert made.take("192.0.2.7") == 0.5, "who asks meanwhile waits no longer for it"
    waits = []
    for _ in range(9):
        clock.now += made.take("192.0.2.7")
        assert made.take("192.0.2.7") == 0.0
        waits.append(made.take("192.0.2.7"))
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    clock.now += 3600.5
    assert [made.take("192.0.2.7") for _ in range(FREE)] == [0.0] * FREE, "and it is forgotten"


def test_the_right_one_clears_what_was_wrong() -> None:
    made = Tries(Clock())
    for _ in range(3 * FREE):
        assert made.take("192.0.2.7") == 0.0
        made.right("192.0.2.7")
    assert len(made) == 0


def test_addresses_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "HELD", 3)
    made = Tries(Clock())
    for last in range(200):
        made.take(f"192.0.2.{last}")
    assert len(made) == 3


def test_what_counts_as_one_address() -> None:
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert network("2001:db8:1:3::9") != network("2001:db8:1:2::9")
    assert network("::ffff:192.0.2.7") == network("192.0.2.7") == "192.0.2.7"
    assert len(network("x" * 10_000)) == 64
