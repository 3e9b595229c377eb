"""What a study tells of its jobs while it waits for them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from experiments.launch.told import Told, last_line, lines_of, noted, telling


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder through which a study speaks to its jobs; its parent is the working folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "control"
    folder.mkdir()
    return folder


def _note(control: Path, number: int, began: float, log: Path | None = None) -> None:
    content = {"name": f"job {number} (seed={number})", "log": log and str(log), "began": began}
    (control / f"job-job-{number}.json").write_text(json.dumps(content))


def test_what_runs_how_far_when_it_will_be_done_and_where_its_log_is(control: Path) -> None:
    log = control.parent / "outputs/gan/1/output.log"
    log.parent.mkdir(parents=True)
    log.write_text("gan: 1/9 images\ngan: 4/9 images (44%), 20 s left\n[a][b][DEBUG] - detail\n")
    now = log.stat().st_mtime + 1
    for place, seconds in enumerate((100, 140)):  # 120 s in the mean
        (control / f"done-job-{place}.json").write_text(json.dumps({"seconds": seconds}))
    _note(control, 2, now - 30, log)
    _note(control, 3, now - 60)
    assert lines_of(control, Told("sweep seed", 8, at_once=2), now) == [
        # 90 s and 60 s of those that run and 4 times 120 s, two at a time
        "sweep seed: 2 of 8 runs are done, 2 running, 4 waiting, about 5 min 15 s to go, as those "
        "that are done took 2 min",
        "  job 3 (seed=3), for 1 min",
        "  job 2 (seed=2), for 30 s: gan: 4/9 images (44%), 20 s left; "
        "log: outputs/gan/1/output.log",
    ]


def test_before_any_is_done_nobody_knows_when(control: Path) -> None:
    told = Told("which", 1, "trial")
    assert lines_of(control, told, time.time()) == []
    _note(control, 1, 100)
    assert lines_of(control, told, 110) == [
        "which: 0 of 1 trial is done, 1 running",
        "  job 1 (seed=1), for 10 s",
    ]


def test_a_log_that_is_still_says_since_when(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    assert last_line(log, 0) == "nothing said so far"
    log.write_text("first\n" + "x" * 5000 + "\nplumage: 100 images\n\n")
    os.utime(log, (1000, 1000))
    assert last_line(log, 1010) == "plumage: 100 images"
    assert last_line(log, 1600) == "plumage: 100 images (10 min ago)"
    log.write_text("y" * 500)
    os.utime(log, (1000, 1000))
    assert last_line(log, 1010) == "y" * 160 + " ..."


def test_jobs_leave_notes_and_the_study_reads_them_aloud(
    control: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with telling(control, Told("sweep seed", 2, at_once=1), (0.05,)):
        for number in (1, 2):
            with noted(control, f"job {number} (seed={number})", None):
                time.sleep(0.3)
    told = capsys.readouterr().err
    assert "sweep seed: 0 of 2 runs are done, 1 running, 1 waiting\n  job 1 (seed=1), for " in told
    assert "sweep seed: 1 of 2 runs are done, 1 running, about " in told
    assert not [*control.glob("job-*")] and len([*control.glob("done-*")]) == 2


def test_a_job_is_not_lost_by_a_folder_that_is_gone(tmp_path: Path) -> None:
    with noted(tmp_path / "gone", "job 1", None):
        pass
    assert not (tmp_path / "gone").exists()
