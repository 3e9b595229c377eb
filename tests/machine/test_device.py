"""Slots that jobs share: between threads of this test, and with another process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from experiments.machine.device import claim, gpus
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Stopped

SLOTS = ["0", "1", "GPU-abc"]


def test_each_slot_is_held_once(tmp_path: Path) -> None:
    with claim(SLOTS, 2, folder=tmp_path) as first, claim(SLOTS, 1, folder=tmp_path) as second:
        assert sorted(first + second) == sorted(SLOTS)
    with claim(SLOTS, 3, folder=tmp_path) as all_of_them:
        assert all_of_them == SLOTS


def test_who_comes_later_waits_and_holds_nothing_meanwhile(tmp_path: Path) -> None:
    waiting, got = threading.Event(), threading.Event()

    def second() -> None:
        waiting.set()
        with claim(SLOTS, 2, folder=tmp_path):
            got.set()

    with claim(SLOTS, 2, folder=tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        waiting.wait(5)
        assert not got.wait(0.5)
        end = time.monotonic() + 5
        while time.monotonic() < end:  # the one that is free is there for a third job
            with claim(SLOTS, 1, folder=tmp_path) as third:
                assert third == ["GPU-abc"]
                break
    thread.join(5)
    assert got.is_set()


def test_a_job_that_is_told_to_stop_does_not_wait_on(tmp_path: Path) -> None:
    with (
        claim(SLOTS, 3, folder=tmp_path),
        pytest.raises(Stopped),
        claim(SLOTS, 1, lambda: True, tmp_path),
    ):
        pass


def test_more_than_there_are(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match="num_processes=4: there are 3"),
        claim(SLOTS, 4, folder=tmp_path),
    ):
        pass


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from experiments.machine.device import claim\n"
        f"with claim(['0'], 1, folder=Path({str(tmp_path)!r})):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    with pytest.raises(Stopped), claim(["0"], 1, lambda: True, tmp_path):
        pass
    other.kill()
    other.wait()
    with claim(["0"], 1, lambda: True, tmp_path) as mine:
        assert mine == ["0"]


def test_gpus_are_those_that_the_environment_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-abc")
    assert gpus() == ["2", "GPU-abc"]
    for none in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", none)
        assert gpus() == []
