"""A folder is in use as long as a process that uses it lives."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from experiments.file import use as marks
from experiments.file.lock import held
from experiments.file.use import free, in_use, use

USER = """
import sys
from pathlib import Path
from experiments.file.use import use
use(Path(sys.argv[1]))
print("uses it", flush=True)
sys.stdin.read()
"""


def user_of(folder: Path) -> subprocess.Popen[str]:
    """A process that uses the folder until it is killed."""
    command = [sys.executable, "-c", USER, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "uses it\n"
    return process


def test_a_process_that_is_killed_uses_nothing_any_more(tmp_path: Path) -> None:
    folder = tmp_path / "features"
    folder.mkdir()
    assert not in_use(folder)
    process = user_of(folder)
    assert in_use(folder)
    process.kill()
    process.wait()
    assert not in_use(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["features"], "nothing is left behind"


def test_use_is_remembered_as_a_time_and_is_of_one_folder_alone(tmp_path: Path) -> None:
    one, other = tmp_path / "a", tmp_path / "a[1]"
    for folder in (one, other):
        folder.mkdir()
        os.utime(folder, (1, 1))
    use(other)
    assert in_use(other) and not in_use(one)
    assert one.stat().st_mtime == 1 and time.time() - other.stat().st_mtime < 60
    assert free(tmp_path / "no such lock")


def test_who_looks_while_a_folder_is_marked_does_not_lose_the_mark(tmp_path: Path) -> None:
    folder = tmp_path / "features"
    use(folder)  # learns the name of the mark
    (mark,) = [path for path in marks._marks if path.parent == tmp_path]
    marks._marks.pop(mark).close()
    looking = held(mark)  # as `in_use` does of a mark that it found free
    assert looking is not None

    def look() -> None:
        mark.unlink()
        looking.close()

    timer = threading.Timer(0.2, look)
    timer.start()
    use(folder)
    timer.join()
    assert in_use(folder) and mark.exists()
