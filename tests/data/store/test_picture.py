from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tiny_reader import TinyReader

from experiments.data.record import Drop, Record
from experiments.data.store.picture import build_store, open_store
from experiments.data.store.read import read_records
from experiments.file.lock import locked
from experiments.terminal.error import UserError


def records_of(reader: TinyReader) -> list[Record]:
    return [entry for entry in reader.read() if isinstance(entry, Record)]


def levels(path: Path) -> list[int]:
    return open_store(path)[:, 1, 1, 0].tolist()


@pytest.mark.parametrize("workers", [1, 2])
def test_rows_follow_the_records(tmp_path: Path, workers: int) -> None:
    reader, path = TinyReader(count=100), tmp_path / "images.npy"
    assert build_store(reader, records_of(reader), 6, path, workers, quiet=True) == []
    images = open_store(path)
    assert images.shape == (100, 6, 6, 3)
    assert images.dtype == np.uint8
    assert levels(path) == list(range(100))
    assert images[7, 0, 0].tolist() == [1, 2, 3]
    assert not images.flags.writeable


def test_broken_pictures_leave_no_gap(tmp_path: Path) -> None:
    reader, path = TinyReader(count=10, bad=(0, 4, 9)), tmp_path / "images.npy"
    records = records_of(reader)
    drops = build_store(reader, records, 4, path, 1, quiet=True)
    assert drops == [Drop(records[k].key, "picture is broken") for k in (0, 4, 9)]
    assert levels(path) == [1, 2, 3, 5, 6, 7, 8]
    assert path.stat().st_size == 128 + 7 * 4 * 4 * 3


def test_a_store_that_is_there_is_not_built_again(tmp_path: Path) -> None:
    reader, path = TinyReader(count=10, bad=(3,)), tmp_path / "images.npy"
    first = build_store(reader, records_of(reader), 4, path, 1, quiet=True)
    stamp = path.stat().st_mtime_ns
    assert build_store(reader, records_of(reader), 4, path, 1, quiet=True) == first
    assert path.stat().st_mtime_ns == stamp


def test_without_any_picture_nothing_is_written(tmp_path: Path) -> None:
    reader = TinyReader(count=3, bad=(0, 1, 2))
    with pytest.raises(UserError, match="no picture can be used"):
        build_store(reader, records_of(reader), 4, tmp_path / "images.npy", 1, quiet=True)
    assert not list(tmp_path.glob("images*"))


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    class Interrupted(TinyReader):
        def image(self, record: Record, size: int) -> np.ndarray:
            if record.image == "3.png":
                raise KeyboardInterrupt
            return super().image(record, size)

    reader = Interrupted(count=10)
    with pytest.raises(KeyboardInterrupt):
        build_store(reader, records_of(reader), 4, tmp_path / "images.npy", 1, quiet=True)
    assert not list(tmp_path.glob("images*"))


def test_two_workers_halve_the_wait(tmp_path: Path) -> None:
    """Pictures that take time rather than computing, so that a busy machine does not matter."""
    reader = TinyReader(count=96, delay=0.03)
    seconds = []
    for workers in (1, 2):
        start = time.monotonic()
        path = tmp_path / f"{workers}.npy"
        build_store(reader, records_of(reader), 4, path, workers, quiet=True)
        seconds.append(time.monotonic() - start)
    assert seconds[1] < 0.9 * seconds[0]


BUILD = """
import signal, sys
from pathlib import Path
from experiments.data.store.picture import build_store
from experiments.data.store.read import read_records
from tiny_reader import TinyReader
reader = TinyReader(count=96, delay=float(sys.argv[2]))
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job of a script ignores it
if __name__ == "__main__":
    records, _ = read_records(reader)
    build_store(reader, records, 4, Path(sys.argv[1]), 2, quiet=True)
"""


def test_a_script_needs_no_main_guard(tmp_path: Path, environment: dict[str, str]) -> None:
    """Workers do not import the script that starts them."""
    script, path = tmp_path / "script.py", tmp_path / "images.npy"
    script.write_text(BUILD.replace('if __name__ == "__main__":', "if True:"))
    run = [sys.executable, str(script), str(path), "0"]
    subprocess.run(run, check=True, env=environment)
    assert levels(path)[:3] == [0, 1, 2]


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_build_is_built_again(
    tmp_path: Path, environment: dict[str, str], stop: signal.Signals
) -> None:
    path = tmp_path / "images.npy"
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD, str(path), "0.1"],
        env=environment,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while not any_row_written(path.with_name("images.npy.partial")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    if stop == signal.SIGINT:  # Ctrl-C reaches the whole group
        os.killpg(process.pid, stop)
    else:
        process.kill()
    process.wait(20)
    assert not path.exists()
    while group_is_alive(process.pid):  # workers do not outlive their parent
        assert time.monotonic() < deadline + 20
        time.sleep(0.02)
    reader = TinyReader(count=96)
    assert build_store(reader, read_records(reader)[0], 4, path, 1, quiet=True) == []
    assert sorted(levels(path)) == list(range(96))
    assert not list(tmp_path.glob("*.partial"))


def any_row_written(partial: Path) -> bool:
    return partial.exists() and any(partial.read_bytes()[128:])


def group_is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_second_process_waits_and_then_opens(tmp_path: Path, environment: dict[str, str]) -> None:
    path = tmp_path / "images.npy"
    build = [sys.executable, "-c", BUILD, str(path), "0.01"]
    both = [subprocess.Popen(build, env=environment) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert sorted(levels(path)) == list(range(96))


def hold(path: Path, ready: multiprocessing.Queue[int]) -> None:
    with locked(path):
        ready.put(1)
        time.sleep(0.3)


def test_the_lock_excludes_other_processes(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ready: multiprocessing.Queue[int] = context.Queue()
    process = context.Process(target=hold, args=(tmp_path / ".lock", ready))
    process.start()
    ready.get(timeout=10)
    start = time.monotonic()
    with locked(tmp_path / ".lock"):
        waited = time.monotonic() - start
    process.join()
    assert waited > 0.1


def test_a_short_file_is_a_users_error(tmp_path: Path) -> None:
    reader, path = TinyReader(count=5), tmp_path / "images.npy"
    build_store(reader, records_of(reader), 4, path, 1, quiet=True)
    os.truncate(path, 150)
    with pytest.raises(UserError, match="delete it"):
        open_store(path)
