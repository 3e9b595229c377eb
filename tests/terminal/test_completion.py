"""The completion of the shell, as `docs/install.md` switches it on: a real bash on a terminal."""

from __future__ import annotations

import os
import pty
import select
import shutil
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # s for one answer


class Shell:
    """A bash that somebody types into."""

    def __init__(self, path: str) -> None:
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(ROOT)
            os.environ |= {"PATH": path, "PS1": "$ ", "TERM": "dumb", "PYTHONPATH": "src"}
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        self.seen = ""

    def type(self, text: str, until: str) -> str:
        """What it shows until `until` is there."""
        os.write(self.terminal, text.encode())
        shown, end = "", time.monotonic() + PATIENCE
        while until not in shown:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.terminal], [], [], left)[0]:
                pytest.fail(f"no {until!r} after {text!r}, but: {shown[-500:]!r}")
            shown += os.read(self.terminal, 4096).decode("utf-8", "replace")
        return shown

    def close(self) -> None:
        os.write(self.terminal, b"\x03\x04exit\n")
        os.close(self.terminal)
        os.waitpid(self.process, 0)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_groups_options_and_keys() -> None:
    shell = Shell(f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    try:
        shell.type('eval "$(python run.py -sc install=bash)"; echo rea""dy\n', "ready")
        assert "attngan_4stage" in shell.type("python run.py model=attngan_4\t", "attngan_4stage")
        shell.type("\x15", "")
        assert "images=" in shell.type("python run.py trainer.im\t", "trainer.images=")
        shell.type("\x15", "")
        said = shell.type("python run.py model=gan data=plumage_\t\t", "plumage_song")
        assert "plumage_clips" in said and "Error" not in said and "Warning" not in said
    finally:
        shell.close()
