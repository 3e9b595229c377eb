"""What a tracker must never cost: a service that fails, hangs or vanishes, and a user's mistake."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from experiments.terminal.error import UserError
from experiments.tracker import tracker as tracking
from experiments.tracker.login import logged_in, wandb_mode
from experiments.tracker.tracker import Tracker
from tests.tracker.tracked import begin, fill

pytestmark = pytest.mark.usefixtures("nobody_logged_in", "accelerate_state_of_this_test_only")
SCRIPTS = Path(sys.executable).parent
KEY = "0" * 40


def summary(folder: Path) -> dict[str, Any]:
    (run,) = (folder / "wandb").glob("offline-run-*")
    command = [str(SCRIPTS / "wandb"), "leet", "inspect", "--summary", "--json", str(run)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(told)["summary"]


class Broken:
    """A service that fails in one of its calls."""

    name = "broken"

    def __init__(self, failing: str, how: Callable[[], None]) -> None:
        self.failing, self.how = failing, how
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self.failing:
            self.how()

    def log(self, values: dict[str, float], images: int) -> None:
        self._call("log")

    def log_pictures(
        self, name: str, pictures: Sequence[Image.Image], captions: Sequence[str], images: int
    ) -> None:
        self._call("log_pictures")

    def summary(self, values: dict[str, Any]) -> None:
        self._call("summary")

    def finish(self) -> None:
        self._call("finish")

    def abandon(self) -> None:
        self._call("abandon")
        raise RuntimeError("not even that")


def fail() -> None:
    raise ConnectionError("gone\nwith details")


@pytest.mark.parametrize("failing", ["log", "log_pictures", "summary", "finish"])
def test_a_failing_tracker_costs_one_line_and_not_the_others(
    failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = Broken(failing, fail), Broken("", fail)
    tracker = Tracker([broken, sound])
    fill(tracker)
    fill(tracker)
    tracker.finish()
    tracker.finish()
    assert broken.calls.count(failing) == 1
    assert broken.calls[-2:] == [failing, "abandon"]
    assert sound.calls == 2 * ["log", "log", "log_pictures", "summary"] + ["finish"]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "ConnectionError: gone" in record.getMessage()
    assert "\n" not in record.getMessage()


def test_a_tracker_that_hangs_at_the_end_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()
    hanging, sound = Broken("finish", lambda: (release.wait(30), None)[1]), Broken("", fail)
    began = time.monotonic()
    Tracker([hanging, sound]).finish(timeout=0.2)
    assert time.monotonic() - began < 5
    release.set()
    assert sound.calls == ["finish"]
    assert "TimeoutError" in caplog.text
    assert sys.stdout.writable()


def test_a_killed_wandb_service_costs_neither_this_run_nor_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = begin("wandb", tmp_path / "first", mode="offline")
    tracker.log({"loss/D": 1.0}, 64)
    children = Path(f"/proc/{os.getpid()}/task")
    if not children.exists():
        pytest.skip("needs /proc")
    found = " ".join(path.read_text() for path in children.glob("*/children")).split()
    services = [
        int(child) for child in found if "wandb-core" in Path(f"/proc/{child}/cmdline").read_text()
    ]
    assert services
    for service in services:
        os.kill(service, signal.SIGKILL)
    time.sleep(0.5)
    fill(tracker)
    tracker.finish(timeout=5)
    assert "tracker wandb could not log" in caplog.text
    second = begin("wandb", tmp_path / "second", mode="offline")
    fill(second)
    second.finish()
    assert summary(tmp_path / "second")["images"] == 128


def test_a_tracker_that_cannot_start_stays_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    tracker = begin(["tensorboard", "none", "wandb"], tmp_path / "file" / "run", mode="offline")
    assert tracker.backends == []
    assert "tensorboard did not start" in caplog.text
    assert "wandb did not start" in caplog.text


def test_mistakes_of_the_user_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"tracker\.backend=wand: choose from wandb, trackio"):
        begin("wand", tmp_path)
    with pytest.raises(UserError, match=r"tracker\.mode=offlin: choose from auto"):
        begin("wandb", tmp_path, mode="offlin")
    with pytest.raises(UserError, match="wandb login"):
        begin("wandb", tmp_path, mode="online")
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"run pip install -e '(\.|/\S+)\[track\]'"):
        begin("trackio", tmp_path)


def test_login_is_found_without_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_BASE_URL")
    file = tmp_path / "netrc"
    assert not logged_in()
    assert wandb_mode("auto") == "offline"
    file.write_text(f"machine example.org login user password {KEY}\n")
    assert not logged_in()
    file.write_text(f"machine api.wandb.ai login user password {KEY}\n")
    assert logged_in()
    assert wandb_mode("auto") == "online"
    assert wandb_mode("offline") == "offline"
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert wandb_mode("auto") == "disabled"
    monkeypatch.delenv("WANDB_MODE")
    file.write_text("not a netrc file")
    assert not logged_in()
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    assert wandb_mode("auto") == "online"


def test_importing_brings_no_tracker() -> None:
    code = (
        "import sys, experiments.tracker.tracker\n"
        "heavy = {'torch', 'wandb', 'trackio', 'tensorboard', 'accelerate'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
