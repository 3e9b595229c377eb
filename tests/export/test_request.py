"""What task=export is asked for, answered without torch and before anything is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from exported_run import config_of

from experiments.export.request import export_of
from experiments.terminal.error import UserError


def test_where_it_goes(run: Path, tmp_path: Path) -> None:
    assert export_of(config_of(run)).folder == run / "export"
    named = export_of(config_of(run, folder=str(tmp_path / "a" / "b"), licence="cc-by-4.0"))
    assert named.folder == tmp_path / "a" / "b" and named.licence == "cc-by-4.0"
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("name", ["birds", "a/b/c", "/a", "a/", "../b", "a/b c", "a/..", ""])
def test_names_that_the_hub_has_not(run: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"export\.hub=.*must be owner/name"):
        export_of(config_of(run, hub=name))


@pytest.mark.parametrize("licence", ["", "mit\nlicense: gpl", "x" * 90, "-", "a: b"])
def test_licences_that_are_none(run: Path, licence: str) -> None:
    with pytest.raises(UserError, match=r"(?s)export\.licence=.*short name of a licence"):
        export_of(config_of(run, licence=licence))


def test_a_run_without_weights(run: Path, tmp_path: Path) -> None:
    (run / "weights" / "images-0000000032.safetensors").unlink()
    with pytest.raises(UserError, match="has no weights yet; train it first"):
        export_of(config_of(run))


def test_the_check_is_light() -> None:
    code = "import sys, experiments.export.request; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "safetensors", "huggingface_hub"} & set(done.stdout.split())
