"""Machines that lack something: each is a line with the remedy, and the plain form where one is.

Promise 2 of docs/reliability.md, for surroundings. Locks: also tests/file/test_lock.py; maps:
tests/file/test_mapped.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.supply.lock import ROOT
from tests.surrounding import NO_LOCKS, hiding, starting, without_maps

TINY = (
    *("model=damsm", "debug=tiny", "tracker=none", "launch.threads=1", "encoder/image=part_cnn"),
    *("data=folder", "data.root=plain"),
)
# What Windows does not have, of modules and, below, of functions.
POSIX = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty", "readline")
WITHOUT = """
import os, signal
for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL", "SIGTSTP", "SIGCONT", "pthread_sigmask"):
    delattr(signal, name)
for name in ("getuid", "geteuid", "fork", "killpg", "setsid", "sched_getaffinity"):
    delattr(os, name)
for name in ("sysconf", "posix_fallocate", "statvfs"):
    delattr(os, name)
"""
NO_PLACE = """
import tempfile
tempfile._candidate_tempdir_list = lambda: ["/nonexistent"]
"""
Go = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def go(tmp_path: Path) -> Go:
    """Run `run.py` in a new folder with a small data set in it, called plain."""
    for k in range(10):
        folder = tmp_path / "plain" / f"class{k % 5}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (20 * k, 0, 0)).save(folder / f"{k}.png")
        (folder / f"{k}.txt").write_text("a red thing\na dark thing\n")

    def go(
        *arguments: str, python: str = sys.executable, code: str = "", **about: str | None
    ) -> subprocess.CompletedProcess[str]:
        path = starting(tmp_path, code) if code else str(ROOT / "src")
        env = {**os.environ, "PYTHONPATH": path, **about}
        command = [python, str(ROOT / "run.py"), *arguments]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env={name: text for name, text in env.items() if text is not None},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return go


def test_a_run_where_nearly_everything_is_missing(go: Go, tmp_path: Path) -> None:
    """No locks, no maps, packages in a folder of another name, no home, no git, no TMPDIR."""
    packages = tmp_path / "pylibs"
    packages.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if entry.suffix != ".pth" and not entry.name.startswith(("__editable__", "birdsong")):
            (packages / entry.name).symlink_to(entry)
    about = without_maps(tmp_path, tmp_path / "outputs")
    path = os.pathsep.join([starting(tmp_path, NO_LOCKS), str(packages)])
    told = go(
        *TINY,
        python=sys._base_executable,  # type: ignore[attr-defined]
        LD_PRELOAD=about["LD_PRELOAD"],
        NO_MAPS=str((tmp_path / "outputs").resolve()),
        PYTHONPATH=path,
        HOME=None,
        PATH="/nonexistent",
        TMPDIR="/nonexistent",
    )
    assert told.returncode == 0, told.stderr
    assert "Traceback" not in told.stderr and "scores:" in told.stdout
    assert told.stderr.count("no file locks here") == 1
    assert re.search(r"images-\d+\.npy: cannot be mapped here .* into memory", told.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["paths.outputs=" + "x" * 300], "", "File name too long; give it a shorter name"),
        (["launch.num_processes=2"], NO_PLACE, "name a folder that can be written to with TMPDIR"),
        (["data.root='~nobody-of-this-name/x'"], "", "~: this user has no home folder"),
    ],
    ids=["name", "temporary", "home"],
)
def test_what_cannot_be_done_without_is_a_line(
    go: Go, arguments: list[str], code: str, line: str
) -> None:
    told = go(*TINY, *arguments, code=code)
    assert told.returncode == 2, told.stderr
    assert "Traceback" not in told.stderr and re.search(line, told.stderr), told.stderr


@pytest.mark.parametrize("key", ["paths.outputs", "paths.cache"])
def test_a_folder_that_cannot_be_written_to_is_a_line(go: Go, tmp_path: Path, key: str) -> None:
    place = tmp_path / "closed"
    place.mkdir(mode=0o555)
    if os.access(place, os.W_OK):  # of root
        pytest.skip("root may write everywhere")
    told = go(*TINY, f"{key}={place / 'x'}")
    assert told.returncode == 2, told.stderr
    assert told.stderr.splitlines()[-1].endswith(
        "Permission denied; choose another place with paths.outputs and paths.cache"
    )


def test_a_folder_that_was_removed_is_a_line(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    remove = f"import os, sys; os.rmdir({str(here)!r}); from experiments.__main__ import main; "
    told = subprocess.run(
        [sys.executable, "-c", remove + "sys.exit(main(['debug=tiny']))"],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode == 2
    assert told.stderr == "error: this folder is gone; go to one that is there (cd), then again\n"


def test_help_needs_nothing_that_windows_lacks(go: Go, tmp_path: Path) -> None:
    hidden = hiding(tmp_path, POSIX)
    begin = tmp_path / "begin" / "sitecustomize.py"
    begin.write_text(begin.read_text() + WITHOUT)
    told = go("--help", PYTHONPATH=hidden)
    assert told.returncode == 0 and "attngan_4stage" in told.stdout, told.stderr
