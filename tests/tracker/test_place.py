"""Which trackers, and under which project, owner and name; and how to look at what they have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb

from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.run.prerequisite import Run
from experiments.terminal.error import UserError
from experiments.terminal.line import say_once
from experiments.tracker.look import looks, together
from experiments.tracker.memory import Memory
from experiments.tracker.place import backends_of, entity_of, name_of, project_of
from experiments.tracker.tracker import start
from experiments.trainer.execute import _name_of


@pytest.fixture(autouse=True)
def nobody_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith(("WANDB_", "TRACKIO_", "BIRDSO"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    say_once.cache_clear()
    from accelerate.state import PartialState

    fresh = not PartialState._shared_state
    yield
    if fresh:
        PartialState._reset_state()


@pytest.mark.parametrize(
    ("overrides", "backends"),
    [
        ([], ["wandb"]),
        (["tracker=none"], []),
        (["tracker=[wandb,tensorboard]"], ["wandb", "tensorboard"]),
        (["tracker=[tensorboard,none]"], ["tensorboard"]),
        (["tracker=[wandb,trackio]", "tracker.backend=tensorboard"], ["tensorboard"]),
        (["tracker.backend=[tensorboard,wandb]"], ["tensorboard", "wandb"]),
    ],
)
def test_several_trackers_are_a_list(overrides: list[str], backends: list[str]) -> None:
    config = plain(checked_compose([*overrides, "tracker.name=x", "tracker.tags=[a]"]))
    assert backends_of(config["tracker"]) == backends
    assert (config["tracker"]["name"], config["tracker"]["tags"]) == ("x", ["a"])


def test_configurations_from_before_there_were_several() -> None:
    assert backends_of({"backend": "trackio", "project": "birdsong"}) == ["trackio"]
    assert backends_of({"backend": "none"}) == []


@pytest.mark.parametrize(
    ("override", "told"),
    [
        (
            "tracker=[wandb,tensorbord]",
            "tracker=tensorbord: no such tracker; did you mean tensorboard?",
        ),
        ("tracker.backend=[wandb,wand]", "tracker.backend=wand: choose from wandb, trackio"),
        ("+tracker.services.wand=true", "tracker.services.wand: no such tracker"),
        ("tracker=wandb,trackio", "or tracker=[wandb,trackio] for all of them in one run"),
    ],
)
def test_a_tracker_that_there_is_not(override: str, told: str) -> None:
    with pytest.raises(UserError) as raised:
        checked_compose([override])
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("of", "key", "variable"),
    [
        (project_of, "tracker.project", "WANDB_PROJECT"),
        (entity_of, "tracker.entity", "WANDB_ENTITY"),
        (name_of, "tracker.name", "WANDB_NAME"),
    ],
)
def test_a_key_counts_more_than_the_variable_and_that_more_than_ours(
    of: Any,
    key: str,
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert of(None) == ("birdsong" if of is project_of else None)
    monkeypatch.setenv(variable, "theirs")
    assert of(None) == "theirs" and of("theirs") == "theirs"
    assert capfd.readouterr().err == ""
    assert of("mine") == of("mine") == "mine"
    assert capfd.readouterr().err == f"{key}=mine: counts more than {variable}=theirs\n"


def test_wandbs_own_file_of_settings_counts(tmp_path: Path) -> None:
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb" / "settings").write_text("[default]\nentity = team\nproject = birds\n")
    assert (project_of(None), entity_of(None)) == ("birds", "team")
    assert project_of("mine") == "mine"


def test_only_the_run_that_was_asked_for_has_the_name_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def name(given: str | None, wanted_by: str | None = None) -> str:
        config = {"tracker": {"name": given}}
        run = Run(config, {"model": "gan", "data": "b"}, tmp_path, "1234567890", {}, [])
        return _name_of(run, wanted_by)

    assert name(None) == "gan-b-1234567890"
    monkeypatch.setenv("WANDB_NAME", "mine")
    assert name(None) == "mine" and name("other") == "other"
    assert name(None, wanted_by="gan_cls") == "gan-b-1234567890"
    monkeypatch.setenv("BIRDSONG_COMMAND", "a study")  # whose arms have names of their own
    assert name("seed=1") == "seed=1" and name(None) == "gan-b-1234567890"


def test_wandb_gets_project_owner_and_tags_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WANDB_PROJECT", "theirs")
    monkeypatch.setenv("WANDB_ENTITY", "team")
    monkeypatch.setenv("WANDB_TAGS", "gpu,night")
    wandb.teardown()  # it reads the environment once a process
    start("wandb", tmp_path / "run", None, "abc123", "x", mode="offline").finish()
    (part,) = (tmp_path / "run" / "wandb").glob("offline-run-*")
    command = [str(Path(sys.executable).parent / "wandb"), "leet", "inspect", "--json", str(part)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = [json.loads(line) for line in told.splitlines() if line]
    (run,) = [record["run"] for record in found if record["type"] == "run"]
    assert (run["project"], run["entity"], run["tags"]) == ("theirs", "team", ["gpu", "night"])


def test_several_trackers_log_one_run_and_say_how_to_look(tmp_path: Path) -> None:
    run = tmp_path / "gan-birds" / "a b"
    tracker = start(["wandb", "tensorboard"], run, None, "abc123", "x", mode="offline")
    assert [backend.name for backend in tracker.backends] == ["wandb", "tensorboard"]
    tracker.log({"loss": 1.0}, 8)
    tracker.finish()
    events = f"TensorBoard: tensorboard --logdir '{run}/tensorboard'"
    offline = f"W&B, offline: wandb sync '{run}/wandb'"
    assert looks(run) == [f"{run}/stats.jsonl", offline, events]
    (part,) = (run / "wandb").glob("offline-run-*")
    (part / "run-abc123.wandb.synced").touch()
    for service, about in (("wandb", "url"), ("trackio", "project")):  # as these note them
        memory = Memory(run, service, "abc123")
        memory.about[about] = f"my {about}"
        memory.save()
    shown = f"trackio: TRACKIO_DIR={tmp_path}/trackio trackio show --project 'my project'"
    assert looks(run)[1:] == ["W&B: my url", shown, events]
    Memory(run, "wandb", "abc123").save()  # a later process knows it as well
    assert looks(run)[1] == "W&B: my url"


def test_a_study_has_one_command_for_all_its_runs(tmp_path: Path) -> None:
    runs = [tmp_path / "my outputs" / "gan-birds" / name for name in ("a", "b", "c")]
    for run in runs[:2]:
        (run / "wandb" / "offline-run-1-x").mkdir(parents=True)
        (run / "tensorboard").mkdir()
    memory = Memory(runs[2], "wandb", "c")
    memory.about["url"] = "https://wandb.ai/team/birds/runs/c"
    runs[2].mkdir()
    memory.save()
    outputs = f"'{tmp_path}/my outputs'"
    assert together(runs) == [
        f"W&B, offline: wandb sync {outputs}/*/*/wandb",
        f"TensorBoard: tensorboard --logdir {outputs}",
        "W&B: https://wandb.ai/team/birds",
    ]


def test_a_run_without_a_tracker_has_its_file(tmp_path: Path) -> None:
    assert looks(tmp_path) == [f"{tmp_path}/stats.jsonl"]
