"""A search trains its trials, gives some up, and survives what kills it."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

SEARCH = [
    *("-m", "study=attngan_4stage_search", "search.trials=3", "trainer.sample_every=100000"),
    *("trainer.images=16", "trainer.evaluate_every=8", "trainer.checkpoint_every=8"),
]


def trials(outputs: Path) -> list[dict[str, str]]:
    with (outputs / "study" / "attngan_4stage_search-plumage" / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def evaluated(run: Path) -> list[int]:
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    return [line["images"] for line in lines if "attribute_accuracy/colour" in line]


@pytest.fixture(scope="module")
def searched(commands: Any, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three trials by two workers, killed while two of them train, and then completed."""
    outputs = tmp_path_factory.mktemp("searched") / "outputs"
    for group in ("damsm-plumage", "classifier-plumage"):
        shutil.copytree(trained / group, outputs / group)
    command = [*SEARCH, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "trainer.images=64"]
    command += ["trainer.evaluate_every=32", "search.pruner=null"]
    job = commands.start(*command, outputs=outputs)
    runs = outputs / "attngan_4stage-plumage"
    job.until(lambda: len(list(runs.glob("*/checkpoints/*.safetensors"))) > 1, 240)
    before = sorted(path.name for path in runs.iterdir())
    job.send(signal.SIGKILL)
    job.wait()
    again = commands.start(*command, outputs=outputs)
    assert again.wait(240) == 0, again.text
    (outputs / "log").write_text(again.text)
    (outputs / "before").write_text(json.dumps(before))
    return outputs


@pytest.mark.slow
def test_a_search_that_was_killed_goes_on_with_its_trials(searched: Path) -> None:
    text = (searched / "log").read_text()
    assert "goes on: " in text and "Traceback" not in text
    rows = trials(searched)
    assert [row["trial"] for row in rows] == ["1", "2", "3"]
    assert {row["state"] for row in rows} == {"complete"}
    assert {row["images"] for row in rows} == {"64"}
    folders = [Path(row["folder"]).name for row in rows]
    assert len(set(folders)) == 3
    assert set(json.loads((searched / "before").read_text())) <= set(folders)
    for row in rows:
        run = Path(row["folder"])
        scores = json.loads((run / "scores.json").read_text())
        assert scores["scores"]["attribute_accuracy/colour"] == float(
            row["attribute_accuracy/colour"]
        )
        said = json.loads((run / "run.json").read_text())["overrides"]
        assert f"data.preset.lr={row['data.preset.lr']}" in said
        assert evaluated(run) == [32, 64]


@pytest.mark.slow
def test_asked_again_it_only_tells(commands: Any, searched: Path) -> None:
    command = [*SEARCH, "trainer.images=64", "trainer.evaluate_every=32"]
    job = commands.ok(*command, outputs=searched)
    assert "3 of 3 trials: 3 complete" in job.text and "images/s" not in job.text
    best = max(trials(searched), key=lambda row: float(row["attribute_accuracy/colour"]))
    (again,) = [line for line in job.text.splitlines() if line.startswith("best again: ")]
    words = again.removeprefix("best again: python run.py ").split()
    alone = commands.ok(*[w for w in words if not w.startswith("debug=")], outputs=searched)
    assert f"{best['folder']} is finished" in alone.text


@pytest.mark.slow
def test_other_settings_are_refused(commands: Any, searched: Path) -> None:
    job = commands.run(*SEARCH, "trainer.images=800", outputs=searched)
    assert job.wait() == 2
    (line,) = job.errors
    assert "trainer.images was 64, is 800" in line


@pytest.mark.slow
def test_what_is_poor_is_given_up(commands: Any, outputs: Path) -> None:
    command = [*SEARCH, "trainer.images=4000", "search.pruner.below=1.1", "search.trials=1"]
    job = commands.ok(*command, outputs=outputs)
    rows = trials(outputs)
    assert {row["state"] for row in rows} == {"pruned"} and len(rows) == 1
    assert re.search(r"is given up after \d+ of 4,000 images", job.text)
    for row in rows:
        run = Path(row["folder"])
        (newest, *_) = sorted((run / "checkpoints").glob("*.safetensors"), reverse=True)
        assert 8 <= int(newest.stem.partition("-")[2]) < 4000
        assert not (run / "weights").exists() and not (run / "failure.json").exists()


@pytest.mark.slow
def test_what_fails_is_told_and_the_others_go_on(commands: Any, outputs: Path) -> None:
    command = [*SEARCH, "search.trials=1", "optim.generator.lr=1e30", "search.pruner=null"]
    job = commands.run(*command, outputs=outputs)
    assert job.wait() == 1
    assert [row["state"] for row in trials(outputs)] == ["failed"]
    (line,) = job.errors
    assert line.startswith("error: trial 1: ") and "a loss is not finite" in line


@pytest.mark.slow
def test_ctrl_c_saves_and_the_trial_goes_on(commands: Any, outputs: Path) -> None:
    command = [*SEARCH, "search.trials=1", "search.pruner=null"]
    job = commands.start(*command, "trainer.images=40000", outputs=outputs)
    job.until(lambda: any(outputs.glob("attngan*/*/checkpoints/*.safetensors")))
    job.send(signal.SIGINT)
    assert job.wait() == 130 and "saved in " in job.text
    (run,) = outputs.glob("attngan*/*")
    saved = max(run.glob("checkpoints/*.safetensors"))
    job = commands.start(*command, "trainer.images=40000", outputs=outputs)
    job.until(lambda: max(run.glob("checkpoints/*.safetensors")) > saved)
    job.send(signal.SIGTERM)
    assert job.wait() == 143 and "trial 1 of 1 goes on: " in job.text


@pytest.mark.slow
def test_a_score_that_no_run_has_ends_it(commands: Any, outputs: Path) -> None:
    job = commands.run(*SEARCH, "search.score=attribute_accuracy/colours", outputs=outputs)
    assert job.wait() == 2
    (line,) = job.errors
    assert "has no such score; did you mean attribute_accuracy/colour?" in line
