"""What task=app asks for: checked at once, without torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made import config_of

from experiments import command
from experiments.app.request import app_of, is_loopback
from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.terminal.error import UserError

Run = Callable[[str], Path]


@pytest.mark.parametrize(
    ("host", "home"),
    [
        *(("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.9.9.9", True)),
        *(("0.0.0.0", False), ("::", False), ("192.168.0.7", False), ("example.org", False)),
        *(("localhost.example.org", False), ("", False)),
    ],
)
def test_only_this_machine_needs_no_password(served: Run, host: str, home: bool) -> None:
    assert is_loopback(host) == home
    config = config_of(served("plain"), host=host)
    if home:
        assert app_of(config).options["host"] == host
        return
    with pytest.raises(UserError, match=rf"app.host={host}: others can reach this; set a password"):
        app_of(config)
    config["app"]["password"] = "a long enough one"
    assert app_of(config).options["password"] == "a long enough one"
    config["app"]["password"] = "short"
    with pytest.raises(UserError, match="BIRDSONG_PASSWORD: must have 8 letters or more"):
        app_of(config)


def test_a_password_is_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BIRDSONG_PASSWORD", raising=False)
    assert plain(checked_compose(["task=app", "run=x"]))["app"]["password"] is None
    monkeypatch.setenv("BIRDSONG_PASSWORD", "correct horse")
    assert plain(checked_compose(["task=app", "run=x"]))["app"]["password"] == "correct horse"
    with pytest.raises(UserError, match=r"app.password: .*belong into the environment"):
        command.read(["task=app", "run=x", "app.password=battery staple"])


def test_several_runs_are_a_list_and_each_must_be_there(served: Run) -> None:
    assert command.read(["task=app", "run=a,b"]).overrides == ["task=app", "run=[a,b]"]
    request = app_of(config_of(served("plain"), served("attends"), served("plain")))
    assert [run.folder.name for run in request.runs] == ["bbbbbbbbbb", "aaaaaaaaaa"]
    config = config_of(served("plain"))
    config["run"] = None
    with pytest.raises(UserError, match="run: task=app needs run="):
        app_of(config)
    config["run"] = [str(served("plain").parent / "none")]
    with pytest.raises(UserError, match="none"):
        app_of(config)


def test_numbers_that_bound_nothing_are_refused(served: Run) -> None:
    inf = float("inf")
    bad = (("patience", 0.0), ("megabytes", -1.0), ("seconds", 0.0), ("port", 70_000))
    for key, value in (*bad, ("patience", inf), ("megapixels", inf), ("seconds", float("nan"))):
        with pytest.raises(UserError, match=rf"app.{key}={value}"):
            app_of(config_of(served("plain"), **{key: value}))


def test_a_command_is_refused_before_torch_loads() -> None:
    """Neither torch nor Gradio, whatever is wrong."""
    code = (
        "import sys; from experiments.__main__ import main\n"
        "code = main(['task=app', 'run=nowhere', 'app.host=0.0.0.0'])\n"
        "assert not {'torch', 'gradio', 'pocketsphinx'} & set(sys.modules), sys.modules.keys()\n"
        "sys.exit(code)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert told.returncode == 2, told.stderr
    assert told.stderr.startswith("error: app.host=0.0.0.0"), told.stderr
    assert "Traceback" not in told.stderr
