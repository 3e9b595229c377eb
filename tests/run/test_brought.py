"""What a run folder names that is not Birdsong's is looked at where its reader has used it before,
or says so; of an export it never is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from experiments.config import known, outside
from experiments.config.signature import forget
from experiments.export.request import require_ours
from experiments.run import folder as files
from experiments.run.brought import SEARCHPATH, bring_folders, bring_packages
from experiments.run.exported import require_parts
from experiments.run.folder import run_config
from experiments.terminal.error import UserError
from tests.lab import write_lab

PACKAGE = "broughtlab"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run folder whose generator is of a lab, in another folder than the current one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    conf = write_lab(tmp_path / "lab", PACKAGE)
    folder = tmp_path / "run"
    folder.mkdir()
    system = {
        "_target_": "experiments.system.gan_cls.GANCLS",
        "generator": {"_target_": f"{PACKAGE}.Mine", "resolutions": [64]},
    }
    content = {"system": system, "launch": {"targets": [PACKAGE]}}
    (folder / "config.yaml").write_text(yaml.safe_dump(content))
    about = {"id": "a", "choices": {"model": "mine"}, "overrides": [], SEARCHPATH: [str(conf)]}
    (folder / "run.json").write_text(json.dumps(about))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    yield folder
    _forget()


def _forget() -> None:
    outside.begin()
    outside._reached.clear()
    forget()
    for name in (PACKAGE, f"{PACKAGE}.net"):
        sys.modules.pop(name, None)


def refused(run: Path) -> str:
    with pytest.raises(UserError) as caught:
        require_parts(run)
    return str(caught.value)


def test_a_run_of_somebody_else_says_which_package_it_needs(run: Path) -> None:
    assert refused(run) == (
        f"run={run}: has networks of the package {PACKAGE}, which is not here; install it, or add "
        f"launch.targets=[{PACKAGE}] in the folder that has it"
    )
    sys.path.append(str(run.parent / "lab"))
    assert refused(run).endswith(f"if that is your own code, add launch.targets=[{PACKAGE}]")
    with pytest.raises(UserError, match=r"was composed with --config-dir .*; give that folder"):
        bring_folders(run)
    outside.trust([PACKAGE])
    require_parts(run)


def test_what_the_same_person_used_before_is_found_from_any_folder(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        there.chdir(run.parent / "lab")
        outside.begin([("--config-dir", "conf")])
        outside.trust([PACKAGE])
        known.remember()
    sys.path[:] = [place for place in sys.path if place != str(run.parent / "lab")]
    _forget()
    bring_folders(run)
    bring_packages(run)
    require_parts(run)
    assert outside.is_own(f"{PACKAGE}.Mine")
    assert outside.folders() == (run.parent / "lab" / "conf",)
    monkeypatch.setenv("XDG_STATE_HOME", str(run.parent / "of another person"))
    sys.path[:] = [place for place in sys.path if place != str(run.parent / "lab")]
    _forget()
    assert "which is not here" in refused(run)


def test_an_export_names_no_class_but_ours(run: Path) -> None:
    with pytest.raises(UserError, match=rf"has the network {PACKAGE}\.Mine, and an export holds"):
        require_ours(run, run_config(run))
    outside.begin([("--config-dir", str(run.parent / "lab" / "conf"))])
    outside.trust([PACKAGE])
    require_parts(run)
    (run / files.EXPORT).write_text("{}")
    assert refused(run).endswith(f"asks for {PACKAGE}.Mine, which no model has; refused")
