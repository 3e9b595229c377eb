"""No message stops, unsaves or fails what is done: real processes, whose output is gone."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.terminal.line import show
from experiments.terminal.stream import LIKE

ROOT = Path(__file__).parents[2]
SPEAKS = """
import logging, sys, traceback, warnings
from experiments.terminal.line import say, show
from experiments.terminal.progress import Progress
from experiments.terminal.stream import settle
settle()
from tqdm import tqdm
done = open(sys.argv[1], "w")
for n in range(200):
    say("a line" * 50); show("a result" * 50); print("of another library" * 50)
with Progress(2, interval=0) as bar:
    bar.update(1)
for _ in tqdm(range(2), disable=False): pass
warnings.warn("careful")
logging.warning("careful")
try:
    1 / 0
except ZeroDivisionError:
    traceback.print_exc()
print("no end of line", end="")
done.write("done")
"""


def closed_pipe() -> int:
    """Of a reader that has left, as `head` does."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def closed_terminal() -> int:
    """Of a window that was closed."""
    mine, theirs = pty.openpty()
    os.close(mine)
    return theirs


def full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize("gone", [closed_pipe, closed_terminal, full_disk])
def test_output_that_is_gone(gone: Callable[[], int], tmp_path: Path) -> None:
    output, done = gone(), tmp_path / "done"
    command = [sys.executable, "-c", SPEAKS, str(done)]
    code = subprocess.run(command, stdout=output, stderr=output, timeout=60).returncode
    os.close(output)
    assert code == 0 and done.read_text() == "done"


def test_output_that_is_closed(tmp_path: Path) -> None:
    """What is opened next must not be written to as output."""
    script = f"exec {sys.executable} -c '{SPEAKS}' {tmp_path / 'done'} >&- 2>&-"
    assert subprocess.run(["sh", "-c", script], timeout=60).returncode == 0
    assert (tmp_path / "done").read_text() == "done"


@pytest.mark.parametrize("question", ["--help", "--cfg=job", "--hydra-help", "model=nothing"])
def test_a_reader_that_leaves_changes_no_exit_code(question: str) -> None:
    output = closed_pipe()
    command = [sys.executable, str(ROOT / "run.py"), question]
    ended = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(output)
    assert ended.returncode == (2 if "nothing" in question else 0), ended.stderr
    assert "BrokenPipe" not in ended.stderr


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PYTHONIOENCODING": "ascii"}, b'8.3 +- 1 x 2, "a \\xfc" ->\n'),
        ({"PYTHONIOENCODING": "latin-1"}, '8.3 ± 1 × 2, "a ü" ->\n'.encode("latin-1")),
        ({"PYTHONIOENCODING": "utf-8"}, "8.3 ± 1 × 2, “a ü” →\n".encode()),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, None),
    ],
)
def test_an_output_without_these_signs(environment: dict[str, str], said: bytes | None) -> None:
    script = "from experiments.terminal.stream import settle; settle(); "
    script += r"print('8.3 \xb1 1 \xd7 2, \u201ca \xfc\u201d \u2192')"
    ended = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | environment, capture_output=True
    )
    ascii_said = b'8.3 +- 1 x 2, "a \\xfc" ->\n'
    assert ended.returncode == 0 and ended.stdout == (said or ascii_said)


def test_a_stream_of_somebody_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A notebook's, say: it stays, and is asked for no sign that it cannot write."""
    path = tmp_path / "output"
    with path.open("w", encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        show("R-precision 8.3 ± 1.2")
    show("it is closed by now")
    monkeypatch.setattr(sys, "stdout", None)
    show("there is none")
    monkeypatch.undo()
    assert path.read_text() == "R-precision 8.3 +- 1.2\n"


def test_what_looks_alike_is_plain() -> None:
    assert all(text.isascii() and not sign.isascii() for sign, text in LIKE.items())
