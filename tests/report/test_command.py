"""What task=report takes, and what it leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from experiments.report.command import report
from experiments.terminal.error import UserError


def test_all_runs_without_those_that_are_damaged(
    runs: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = [runs.make(name) for name in ("a", "b", "c")][1:]
    (damaged[0] / "config.yaml").write_text("[1, 2]")
    (damaged[1] / "run.json").write_text("{")

    report(["task=report", f"paths.outputs={runs.place}"])

    told = capsys.readouterr().err
    assert f"left out: {damaged[0] / 'config.yaml'}: is damaged" in told
    assert f"left out: {damaged[1] / 'run.json'}: is damaged" in told
    assert "1 of 1 run is finished" in told
    assert (runs.place / "report" / "all" / "report.html").is_file()


@pytest.mark.parametrize("confidence", ["0", "1", "2", "-0.5"])
def test_a_confidence_that_is_none(runs: Any, confidence: str) -> None:
    runs.make("a")
    words = ["task=report", f"paths.outputs={runs.place}", f"report.confidence={confidence}"]
    with pytest.raises(UserError, match=r"^report\.confidence=.*: must lie between 0 and 1"):
        report(words)
