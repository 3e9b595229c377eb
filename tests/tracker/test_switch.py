"""W&B's own switches are obeyed: a run never goes online against its user's word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.terminal.line import say_once
from experiments.tracker.login import logged_in, wandb_mode
from experiments.tracker.switch import setting, word

KEY = "0" * 40


@pytest.fixture(autouse=True)
def somebody_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In an empty folder, with a home and an account of its own."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    say_once.cache_clear()


def wandb(*command: str) -> None:
    script = [sys.executable, "-m", "wandb", *command]
    subprocess.run(script, check=True, capture_output=True, timeout=60)


def test_what_its_own_commands_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert wandb_mode("auto") == "online"
    wandb("disabled")
    assert wandb_mode("auto") == "disabled" and wandb_mode("offline") == "offline"
    wandb("offline")
    assert wandb_mode("auto") == "offline"
    assert "W&B: offline, by mode = offline in wandb/settings" in capsys.readouterr().err
    assert wandb_mode("online") == "online"
    assert "although mode = offline in wandb/settings says otherwise" in capsys.readouterr().err
    wandb("online")
    assert wandb_mode("auto") == "online"


@pytest.mark.parametrize(
    ("place", "environment"),
    [
        ("wandb/settings", {}),
        (".wandb/settings", {}),
        (".config/wandb/settings", {}),
        ("elsewhere/wandb/settings", {"WANDB_DIR": "elsewhere"}),
        ("account/settings", {"WANDB_CONFIG_DIR": "account"}),
    ],
)
def test_wherever_its_file_lies(
    place: str, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, folder in environment.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text("[default]\nmode = disabled\nbase_url = https://birds.example\n")
    assert wandb_mode("auto") == "disabled"
    assert setting("base_url")[0] == "https://birds.example"
    monkeypatch.setenv("WANDB_MODE", "online")  # counts more, as for W&B
    assert wandb_mode("auto") == "online"
    for damaged in (b"\xff\xfe", b"mode = disabled", b""):
        path.write_bytes(damaged)
        assert setting("mode") == ("", None)


@pytest.mark.parametrize(
    ("name", "value", "mode"),
    [
        ("WANDB_MODE", "offline", "offline"),
        ("WANDB_MODE", "dryrun", "offline"),
        ("WANDB_MODE", "disabled", "disabled"),
        ("WANDB_DISABLED", "true", "disabled"),
        ("WANDB_DISABLED", "false", None),
        ("WANDB_MODE", "online", None),
    ],
)
def test_variables(
    name: str,
    value: str,
    mode: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)
    said = word()
    assert (said and said.mode) == mode
    assert wandb_mode("auto") == (mode or "online")
    assert capsys.readouterr().err == "", "who sets a variable knows it"


def test_a_login_is_that_of_the_server_that_its_file_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY")
    (tmp_path / ".netrc").write_text(f"machine birds.example login user password {KEY}\n")
    assert not logged_in()
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb/settings").write_text("[default]\nbase_url = https://birds.example\n")
    assert logged_in()
