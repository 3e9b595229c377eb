"""A run goes on with the data that it began with, however they came there."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.terminal.error import UserError
from experiments.trainer.training import Known


def test_what_a_checkpoint_recorded_is_recognised(tmp_path: Path) -> None:
    known = Known("contents", "times")
    for before in (None, "contents", "times"):
        known.require(before, tmp_path)
    Known("contents").require("contents", tmp_path)  # data that are no files


def test_other_data_are_refused_with_the_files_that_differ(tmp_path: Path) -> None:
    known = Known("contents", "", lambda before: f"files: 1 changed since {before}")
    for before in ("another", ""):
        with pytest.raises(UserError, match=rf"other data .*\(files: 1 changed since {before}\)"):
            known.require(before, tmp_path)
