"""Reports of runs that were really trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from experiments.report.member import members_of
from experiments.report.pictures import drawn
from experiments.report.record import arms_of, read
from experiments.report.write import write_report

CAPTIONS = ["a red bird with black wings", "a blue bird"]


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A finished run with captions of its sample sheets."""
    (found,) = (trained / "attngan_4stage-plumage").glob("*/run.json")
    folder = tmp_path / "attngan_4stage-plumage" / found.parent.name
    shutil.copytree(found.parent, folder)
    (folder / "samples" / "captions.json").write_text(json.dumps({"captions": CAPTIONS}))
    return folder


def test_a_report_shows_every_stage_of_what_a_run_draws(run: Path, tmp_path: Path) -> None:
    page = write_report(members_of([run]), tmp_path / "report", "one", options={"captions": 1})

    text = page.read_text()
    assert "1 run, finished." in text
    assert text.count('<img src="data:image/webp') == 4 + 1  # stages, and the attention
    assert f'alt="attngan_4stage-plumage, {CAPTIONS[0]}"' in text and CAPTIONS[1] not in text
    assert "colours right" in text and "images/s" in text
    assert page.with_suffix(".csv").read_text().count("\n") == 2


def test_pictures_are_drawn_once_and_again_when_what_was_kept_is_damaged(run: Path) -> None:
    (arm,) = arms_of([read(member) for member in members_of([run])])
    first = drawn(arm, CAPTIONS)
    (kept,) = (run / "report").iterdir()
    written = kept.stat().st_mtime_ns

    again = drawn(arm, CAPTIONS)

    assert kept.stat().st_mtime_ns == written
    assert first.sides == again.sides == [8, 16, 32, 64] and first.attention == again.attention
    assert all(np.array_equal(a, b) for a, b in zip(first.stages, again.stages, strict=True))
    kept.write_bytes(b"torn")
    anew = drawn(arm, CAPTIONS)
    assert np.array_equal(anew.stages[-1], first.stages[-1]) and kept.stat().st_size > 4


def test_other_captions_are_drawn_anew_and_the_old_ones_go(run: Path) -> None:
    (arm,) = arms_of([read(member) for member in members_of([run])])
    first, second = drawn(arm, CAPTIONS), drawn(arm, CAPTIONS[::-1])

    assert not np.array_equal(first.stages[-1], second.stages[-1])
    assert len(list((run / "report").iterdir())) == 1


def test_a_caption_that_says_nothing_to_a_run_is_told(run: Path) -> None:
    (arm,) = arms_of([read(member) for member in members_of([run])])

    assert "xyzzy" in (drawn(arm, ["xyzzy"]).reason or "")


def test_runs_that_draw_nothing_have_no_pictures(trained: Path, tmp_path: Path) -> None:
    (damsm,) = (trained / "damsm-plumage").glob("*/run.json")

    page = write_report(members_of([damsm.parent]), tmp_path / "report", "damsm")

    assert "These runs draw no pictures." in page.read_text()
    assert not (damsm.parent / "report").exists()
