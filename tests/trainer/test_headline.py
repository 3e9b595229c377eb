"""What is said of a run once it is trained."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from experiments.trainer.headline import tell_times


def test_a_long_run_says_where_its_time_went(capsys: pytest.CaptureFixture[str]) -> None:
    run: Any = SimpleNamespace(name="damsm-plumage")
    tell_times(run, 170.0, 8.0)
    told = capsys.readouterr().err
    assert told == "damsm-plumage: took 2 min 50 s to train and 8.0 s to score\n"
    tell_times(run, 50.0, 8.0)
    assert capsys.readouterr().err == ""
