"""`hydra.verbose`: detail of everything or of some loggers, here and in processes of jobs."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from experiments.__main__ import main
from experiments.command import read
from experiments.terminal import verbose
from experiments.terminal.error import UserError


@pytest.fixture(autouse=True)
def _quiet_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(verbose.VERBOSE, "")
    root = logging.getLogger()
    names = ("", "experiments", "experiments.command", *verbose.LOUD)
    before = {name: logging.getLogger(name).level for name in names}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
    for handler in [*root.handlers]:
        if isinstance(handler, verbose._ToStderr):
            root.removeHandler(handler)


def test_the_loggers_that_are_named_tell_detail(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--cfg", "job", "-p", "seed", "seed=7"]
    assert main([*words, "hydra.verbose=[experiments.command]"]) == 0
    out, err = capsys.readouterr()
    assert out.strip() == "7" and "[experiments.command][DEBUG] - overrides: seed=7\n" in err
    assert "[experiments.config.compose]" not in err


def test_true_is_everything_but_what_tells_every_byte(capsys: pytest.CaptureFixture[str]) -> None:
    assert read(["hydra.verbose=true", "seed=1"]).overrides == ["seed=1"]  # no part of a run
    for name in ("hydra.any", "PIL.PngImagePlugin"):
        logging.getLogger(name).debug("said by %s", name)
    err = capsys.readouterr().err
    assert "[hydra.any][DEBUG] - said by hydra.any" in err and "PIL" not in err
    assert read(["hydra.verbose=false"]).overrides == []


def test_the_processes_of_a_job_do_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    verbose.ask_for("mine", "hydra.verbose=mine")
    code = "from experiments.terminal.verbose import begin; import logging; begin(); "
    code += "[logging.getLogger(name).debug('detail') for name in ('mine', 'theirs')]"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert os.environ[verbose.VERBOSE] == "mine"
    assert "[mine][DEBUG] - detail" in done.stderr and "theirs" not in done.stderr


@pytest.mark.parametrize("value", ["3", "[a,1]", "a,b", "{a:1}"])
def test_what_names_no_logger_is_one_line(value: str) -> None:
    with pytest.raises(UserError, match="must be true, or name loggers"):
        read([f"hydra.verbose={value}"])
