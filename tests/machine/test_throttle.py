"""Waiting asleep while the machine is busy: when, that it does so, and that no bit changes."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from experiments.machine.throttle import CROWDED, LONGEST, PATIENCE, QUIET, Switch, possible

pytestmark = pytest.mark.skipif(not possible({}), reason="needs Linux and GCC's OpenMP")
CROWDS = """
import json, os, time
from pathlib import Path
import torch
from experiments.machine.throttle import Crowd

torch.set_num_threads(2)
torch.manual_seed(0)
a, b, big = torch.randn(300, 300), torch.randn(300, 300), torch.randn(2**18)

def bits():
    c = a
    for _ in range(5):
        c = torch.softmax(c @ b, 1)
    return [c.sum().item().hex(), big.sum().item().hex(), torch.cumsum(big, 0)[-1].item().hex()]

def sleeps(times):
    '''How often the second thread of the team went to sleep, with a pause after each operator:
    too short for one that spins.'''
    def count():
        text = Path(f"/proc/self/task/{worker}/status").read_text()
        return int(text.partition("\\nvoluntary_ctxt_switches:")[2].split()[0])
    before = count()
    for _ in range(times):
        big.add_(0)
        time.sleep(0.0002)
    return count() - before

def tasks():
    return {int(task.name) for task in Path("/proc/self/task").iterdir()}

before = tasks()
alone = [bits()]
(worker,) = tasks() - before
crowded = []
for _ in range(2):
    crowd = Crowd(2)
    crowded.append((bits(), sleeps(100)))
    crowd.leave()
    alone.append(bits())
time.sleep(0.1)
print(json.dumps([alone, crowded, len(tasks() - before)]))
"""
BUSY = """
import json, os, subprocess, sys, time
import torch
from experiments.machine.throttle import Throttle

os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:2]))
torch.set_num_threads(2)
big = torch.randn(2**16)
throttle = Throttle(every=0.1)
throttle.watch(2)

def until(asleep, seconds):
    end = time.monotonic() + seconds
    while throttle.asleep != asleep and time.monotonic() < end:
        for _ in range(50):
            big.add_(0)
    return throttle.asleep == asleep

spin = [sys.executable, "-c", "while True: pass"]
others = [subprocess.Popen(spin, start_new_session=True) for _ in range(2)]
try:
    slept = until(True, 20)
finally:
    for other in others:
        other.kill()
        other.wait()
throttle.leave()
print(json.dumps([slept, throttle.asleep, throttle.seconds()]))
"""


def said(code: str) -> list:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_crowd_has_threads_sleep_and_changes_no_bit() -> None:
    alone, crowded, threads = said(CROWDS)
    assert all(bits == alone[0] for bits in [*alone, *(bits for bits, _ in crowded)])
    assert min(sleeps for _, sleeps in crowded) > 60
    assert threads == 1, "each crowd goes home"


def test_beside_busy_processes_threads_sleep() -> None:
    slept, asleep, seconds = said(BUSY)
    assert slept and not asleep and seconds > 0


def drive(switch: Switch, *shares: float) -> list[bool]:
    """Seconds with these shares of waiting."""
    return [switch.update(share, 1.0) for share in shares]


def test_a_second_in_which_threads_waited_is_enough_and_quiet_takes_longer() -> None:
    switch, quiet = Switch(), int(PATIENCE)
    assert drive(switch, 0.0, CROWDED - 0.01, CROWDED) == [False, False, True]
    assert drive(switch, *[QUIET] * 5) == [True] * 5, "asleep they wait less, and others go on"
    assert drive(switch, *[0.0] * (quiet - 1), QUIET) == [True] * quiet, "quiet without a break"
    assert drive(switch, *[0.0] * quiet) == [True] * (quiet - 1) + [False]


def test_who_wakes_too_soon_is_more_patient_next_time() -> None:
    switch, slept = Switch(), []
    for _ in range(7):
        drive(switch, 1.0)
        slept.append(1)
        while switch.update(0.0, 1.0):
            slept[-1] += 1
    assert slept == [3, 6, 12, 24, 48, 60, 60] and slept[-1] == LONGEST
    drive(switch, *[0.0] * 60, 1.0)
    assert drive(switch, *[0.0] * int(PATIENCE))[-1] is False, "a long quiet time is forgiven"


@pytest.mark.parametrize("name", ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"])
def test_a_user_who_chose_is_left_alone(name: str) -> None:
    assert possible({}) and not possible({name: "1"}) and possible({name: ""})


def test_it_looks_without_being_seen() -> None:
    """A look takes little of a second."""
    from experiments.machine.throttle import waits

    began = time.process_time()
    for _ in range(20):
        assert all(seconds >= 0 for seconds in waits().values())
    assert (time.process_time() - began) / 20 < 0.02
