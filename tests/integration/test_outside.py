"""A model of somebody's own from a folder of their own, by the clone: what docs/outside.md says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.lab import NET, write_lab
from tests.supply.lock import ROOT


def test_a_model_of_ones_own_trains_in_two_processes_and_is_found_again(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    write_lab(lab)
    about = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONSAFEPATH": "1"}

    def run_py(*words: str, at: Path = lab) -> str:
        told = subprocess.run(
            [sys.executable, str(ROOT / "run.py"), *words],
            cwd=at,
            env=about,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout + told.stderr

    mine = ["--config-dir", "conf", "model=mine", "debug=tiny", "~metric", "tracker=none"]
    mine += ["launch.num_processes=2", "launch.threads=1"]
    assert "2 x cpu" in run_py(*mine)
    (run,) = (lab / "outputs").glob("mine-plumage/*")
    assert json.loads((run / "run.json").read_text())["searchpath"] == [str(lab / "conf")]
    files = json.loads((run / "code.json").read_text())["versions"][0]["files"]
    assert {"mylab/__init__.py", "mylab/net.py"} < files.keys()
    (lab / "mylab" / "net.py").write_text(NET.replace("width: int = 8", "width: int = 9 - 1"))
    told = run_py(*mine)
    assert "mylab/net.py changed since it was trained" in told and "is finished" in told
    run_py("task=sample", f"run={run}", "text=a red bird", "num_samples=1", at=tmp_path)
    assert list(run.glob("drawn/*/*.png"))
