"""Training from Python: `experiments.run([...])` does what a command line does, and never exits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import json, sys
import experiments
from experiments import UserError, run

assert experiments.run is run and callable(run)
quick = json.loads(sys.argv[1])
found = {}

def mistake(name, arguments):
    try:
        run(arguments)
    except UserError as error:
        found[name] = str(error)

mistake("text", "model=gan")
mistake("number", ["model=gan", 5])
mistake("misspelt", ["model=gann"])
mistake("two", ["model=gan", "trainer.batc=4", "trainer.precision=fp8"])
mistake("not there", ["task=sample", "run=nowhere", "text=a red bird"])
mistake("help", ["--nonsense"])
done = run(quick)
found["done"] = [done.name, done.id, str(done.folder), done.scores]
again = run(quick)
found["again"] = again == done
model = done.load()
found["pictures"] = [list(p.size) for p in model.sample(["a red bird", "a blue bird"])]
found["nothing"] = run([f"run={done.folder}", "task=sample", "text=a red bird", "num_samples=1"])
if len(sys.argv) > 2:
    several = run([*quick, "-m", "seed=0,1"])
    found["several"] = [one.id for one in several]
json.dump(found, open("found.json", "w"))
"""
QUICK = [
    *("model=gan", "debug=tiny", "~metric", "tracker=none", "launch.threads=1"),
    *("encoder/image=part_cnn", "trainer.images=8", "data.reader.species=12"),
    *("data.reader.test_species=4", "data.reader.images_per_species=3"),
]


def found_by(folder: Path, *more: str) -> dict[str, Any]:
    script = [sys.executable, "-c", SCRIPT, json.dumps(QUICK), *more]
    done = subprocess.run(
        script,
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return found


def test_a_run_is_trained_and_drawn_with(tmp_path: Path) -> None:
    found = found_by(tmp_path)
    name, key, folder, scores = found["done"]
    assert name == "gan-plumage" and folder == f"outputs/gan-plumage/{key}" and scores == {}
    assert (tmp_path / folder / "weights").is_dir() and found["again"] is True
    assert found["pictures"] == 2 * [2 * [found["pictures"][0][0]]]
    assert found["nothing"] is None and list((tmp_path / folder / "drawn").rglob("*.png"))
    assert found["text"] == 'run(\'model=gan\'): give a list of texts, as ["model=gan", "seed=1"]'
    assert found["number"].startswith("run(['model=gan', 5]): give a list of texts")
    assert found["misspelt"].startswith("model=gann: no such model; did you mean gan")
    assert len(found["two"].splitlines()) == 2 and "trainer.batc: " in found["two"]
    assert "nowhere: there is no such folder" in found["not there"]
    assert "--nonsense" in found["help"]


@pytest.mark.slow
def test_several_values_are_several_runs(tmp_path: Path) -> None:
    found = found_by(tmp_path, "several")
    assert len(set(found["several"])) == 2 and found["several"][0] == found["done"][1]
