"""The report of a study in W&B: what it would publish, built offline, and its refusals."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from experiments.report.command import _publish
from experiments.report.wandb import publish, report, workspace
from experiments.terminal.error import UserError

pytest.importorskip("wandb_workspaces", reason="the extra `report` is not installed")

STUDY = ("birdsong", "attngan's 4 stages", "Four stages")
FACTORS = ["data.preset.lr", "model"]
SCORES = ["attribute_accuracy/colour", "frechet/classifier"]


@pytest.fixture(autouse=True)
def nobody_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")


def found(node: Any, key: str) -> list[Any]:
    """Every value of a key, at any depth."""
    if isinstance(node, list):
        return [value for item in node for value in found(item, key)]
    if not isinstance(node, dict):
        return []
    below = [value for item in node.values() for value in found(item, key)]
    return ([node[key]] if key in node else []) + below


def group_and_no_prerequisites(runs: dict[str, Any]) -> bool:
    asked = [
        (item["key"]["name"], item["op"], item["value"]) for item in runs["filters"]["filters"]
    ]
    return asked == [("group", "=", "attngan's 4 stages"), ("tags", "NIN", ["prerequisite"])]


def test_report_shows_the_arms_of_a_group_by_what_varies() -> None:
    made = report(*STUDY, "Which rate?", FACTORS, SCORES, "me")._to_model()
    assert (made.display_name, made.project.name) == ("Four stages", "birdsong")
    spec = json.loads(made.spec.model_dump_json(by_alias=True, exclude_none=True))
    assert "Which rate?" in found(spec["blocks"], "text")
    (grid,) = [block for block in spec["blocks"] if block["type"] == "panel-grid"]
    (runs,) = grid["metadata"]["runSets"]
    assert group_and_no_prerequisites(runs)
    # As W&B stores what Accelerate logs: nested under the first part of the key.
    by = [item["name"] for item in runs["grouping"]]
    assert by == ["data.value.preset.lr", "choices/model.value"]
    panels = grid["metadata"]["panelBankSectionConfig"]["panels"]
    curves = [panel["config"] for panel in panels if panel["viewType"] == "Run History Line Plot"]
    assert [(curve["xAxis"], curve["metrics"]) for curve in curves] == [
        ("images", [score]) for score in SCORES
    ]
    places = [tuple(panel["layout"][side] for side in "xy") for panel in panels]
    assert len(set(places)) == len(places), "no panel hides another"


def test_workspace_has_the_same_runs_over_images() -> None:
    made = workspace(*STUDY, FACTORS, SCORES, "me")._to_model()
    view = json.loads(made.model_dump_json(by_alias=True, exclude_none=True))["spec"]["section"]
    (runs,) = view["runSets"]
    assert group_and_no_prerequisites(runs)
    assert view["settings"]["xAxis"] == "images"
    assert found(view["panelBankConfig"], "metrics") == [
        *([score] for score in SCORES),
        *([f"summary_metrics.{score}"] for score in SCORES),
    ]


def test_nothing_is_published_without_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="wandb login"):
        publish(*STUDY, None, FACTORS, SCORES)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_MODE", "offline")
    with pytest.raises(UserError, match="needs W&B online"):
        publish(*STUDY, None, FACTORS, SCORES)


def test_the_mode_of_the_command_decides_here_as_well(
    runs: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`tracker.mode=online` goes online although a variable says otherwise; `auto` does not."""
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # it ends before the network
    members = [runs.member("a", {"model": "attngan"})]
    tracker = {"backend": "wandb", "project": "birdsong", "group": None}
    _publish(tracker | {"mode": "auto"}, "Stages", None, members)
    assert capsys.readouterr().err == ""
    _publish(tracker | {"mode": "online"}, "Stages", None, members)
    told = capsys.readouterr().err
    assert "W&B reports need the package wandb-workspaces" in told
    assert "needs W&B online" not in told
