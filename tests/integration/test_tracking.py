"""Whole runs as trackers see them: an agent's run, parts that sync into one, arms side by side."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(sys.executable).parent
QUICK = ["~metric", "trainer.images=16"]
AGENT = {"WANDB_RUN_ID": "agents1", "WANDB_SWEEP_ID": "sweep1", "WANDB_API_KEY": ""}


def records(part: Path) -> list[dict[str, Any]]:
    """What a part of a W&B run has, record by record."""
    command = [str(SCRIPTS / "wandb"), "leet", "inspect", "--json", str(part)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in told.splitlines() if line]


def run_of(part: Path) -> dict[str, Any]:
    (record,) = [record["run"] for record in records(part) if record["type"] == "run"]
    return dict(record)


def parts_of(group: Path) -> list[Path]:
    """Those of the only run in a group of runs, in the order in which they were written."""
    return sorted(group.glob("*/wandb/offline-run-*"))


@pytest.mark.slow
def test_an_agents_run_is_the_arm_and_goes_on_without_the_agent(
    commands: Any, outputs: Path
) -> None:
    for damsm in (outputs / "damsm-plumage").iterdir():
        for file in [*damsm.glob("weights/*"), *damsm.glob("checkpoints/*")]:
            file.unlink()
    command = [*QUICK, "tracker=wandb", "tracker.group=weights"]
    commands.ok(*command, outputs=outputs, env=AGENT)
    (arm,) = parts_of(outputs / "attngan_4stage-plumage")
    (need,) = parts_of(outputs / "damsm-plumage")
    told, before = run_of(arm), run_of(need)
    assert (told["run_id"], told["sweep_id"]) == ("agents1", "sweep1")
    assert (told["run_group"], told["job_type"]) == ("weights", "attngan_4stage")
    assert before["run_id"] == need.parents[1].name and "sweep_id" not in before
    assert (before["job_type"], before["tags"]) == ("damsm", ["prerequisite"])
    assert arm.parents[1].name != "agents1", "the folder follows from the configuration"
    commands.ok(*command, "trainer.images=24", outputs=outputs)
    first, second = parts_of(outputs / "attngan_4stage-plumage")
    assert first == arm and run_of(second)["run_id"] == "agents1"


@pytest.mark.slow
def test_a_study_asks_a_server_that_is_gone_once_and_says_how_to_look(
    commands: Any, outputs: Path
) -> None:
    command = [*QUICK, "trainer.images=8", "tracker=[wandb,tensorboard]", "-m", "seed=0,1"]
    env = {"WANDB_API_KEY": "0" * 40, "WANDB_BASE_URL": "http://127.0.0.1:9"}
    env["WANDB_MODE"] = "online"
    job = commands.ok(*command, outputs=outputs, env=env)
    said = "W&B: http://127.0.0.1:9 cannot be reached (Connection refused), so it logs offline"
    assert job.text.count(said) == 1
    assert len(parts_of(outputs / "attngan_4stage-plumage")) == 2
    lines = job.text.splitlines()
    assert lines[-2:] == [
        f"W&B, offline: wandb sync {outputs}/*/*/wandb",
        f"TensorBoard: tensorboard --logdir {outputs}",
    ]
    for run in (outputs / "attngan_4stage-plumage").iterdir():
        assert f"          W&B, offline: wandb sync {run}/wandb" in lines
        assert list((run / "tensorboard").rglob("events.*"))


@pytest.mark.slow
def test_parts_of_a_run_sync_into_one(
    commands: Any, outputs: Path, wait_for_end: list[Any]
) -> None:
    command = [
        *("~metric", "tracker=wandb", "trainer.images=80", "trainer.sample_every=1000"),
        *("trainer.checkpoint_every=24", "trainer.log_every=4"),
    ]
    group = outputs / "attngan_4stage-plumage"

    def logged() -> int:
        text = "".join(file.read_text() for file in group.glob("*/stats.jsonl"))
        return max([json.loads(line)["images"] for line in text.split("\n")[:-1]], default=0)

    for images, number in ((12, signal.SIGTERM), (52, signal.SIGKILL)):
        job = commands.start(*command, outputs=outputs)
        wait_for_end.append(job)
        job.until(lambda images=images: logged() >= images)
        job.send(number)
        job.wait()
    assert "from 48 images" in commands.ok(*command, outputs=outputs).text
    parts = parts_of(group)
    assert len({run_of(part)["run_id"] for part in parts}) == 1
    told = [
        {r["history"]["item"]["images"]: r["history"]["item"]["generator/loss"] for r in found}
        for found in (
            [r for r in records(part) if "generator/loss" in r.get("history", {}).get("item", {})]
            for part in parts
        )
    ]
    assert [list(part) for part in told] == [sorted(part) for part in told], "in order"
    assert max(told[0]) < min(told[1]), "a run that was stopped says nothing twice"
    for image in {*told[1]} & {*told[2]}:  # what a killed one may not have written
        assert told[1][image] == told[2][image]
    assert sorted({*told[0], *told[1], *told[2]}) == list(range(4, 81, 4)), "nothing is missing"


@pytest.mark.slow
def test_two_arms_stand_side_by_side_in_trackio(commands: Any, outputs: Path) -> None:
    command = ["tracker=trackio", "tracker.group=weights", "metric.independent=null"]
    env = {"HF_HUB_OFFLINE": "1"}
    for weight in (0, 5):
        settings = [f"loss.damsm.weight={weight}", f'tracker.name="weight={weight}"']
        commands.ok(*command, *settings, outputs=outputs, env=env)

    def query(sql: str) -> list[dict[str, Any]]:
        trackio = [str(SCRIPTS / "trackio"), "query", "project", "--project", "birdsong"]
        answer = subprocess.run(
            [*trackio, "--sql", sql, "--json"],
            env=os.environ | env | {"TRACKIO_DIR": str(outputs / "trackio")},
            capture_output=True,
            text=True,
            check=True,
        )
        return list(json.loads(answer.stdout)["rows"])

    arms: dict[str, Any] = {}
    for row in query("select run_name, config from configs"):
        config = json.loads(row["config"])
        assert config["_Group"] == "weights"
        name, _, key = row["run_name"].rpartition("-")
        assert name == f"weight={config['loss']['damsm']['weight']}"
        arms[row["run_name"]] = outputs / "attngan_4stage-plumage" / key / "scores.json"
    assert len(arms) == 2
    for name, file in arms.items():
        scores = json.loads(file.read_text())["scores"]
        logged: dict[str, Any] = {}
        for row in query(f"select metrics from metrics where run_name = '{name}'"):
            logged |= json.loads(row["metrics"])
        assert logged["attribute_accuracy/colour"] == scores["attribute_accuracy/colour"]
        assert logged["summary/frechet/classifier"] == scores["frechet/classifier"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["wandb", "trackio"])
def test_weights_and_evaluations_are_artifacts(commands: Any, outputs: Path, backend: str) -> None:
    options = [f"tracker={backend}", "tracker.artifacts=true"]
    env = {"HF_HUB_OFFLINE": "1"}
    job = commands.ok(*options, "metric.independent=null", outputs=outputs, env=env)
    (run,) = (outputs / "attngan_4stage-plumage").iterdir()
    model = f"attngan_4stage-plumage-{run.name}"
    evaluate = ["task=evaluate", f"run={run}", "metric.samples=8", *options]
    after = commands.ok(*evaluate, outputs=None, env=env)
    assert "tracker" not in job.text + after.text.replace(str(outputs), "")
    (scores,) = run.glob("evaluations/*.json")
    if backend == "wandb":
        made = [
            (record["artifact"]["name"], record["artifact"]["type"])
            for part in [*run.glob("wandb/off*"), *run.glob("evaluations/*/wandb/off*")]
            for record in records(part)
            if record["type"] == "artifact" and record["artifact"]["type"] != "run_table"
        ]
        assert made == [(model, "model"), (f"{model}-evaluation", "evaluation")]
        (part,) = run.glob("evaluations/*/wandb/off*")
        assert run_of(part)["job_type"] == "evaluate"
        assert run_of(part)["run_id"] == f"{run.name}-{scores.stem}"
