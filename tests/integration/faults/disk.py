"""A disk that is full, or that can no longer be written to."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.faults.bench import (
    PATIENCE,
    Bench,
    any_moment,
    one_error,
    send,
    wait_until,
)
from tests.integration.faults.outcome import Outcome, Unavailable

ROOM = "make room and run the same command again"
ELSEWHERE = "choose another place with paths.outputs and paths.cache"
REMEDIES = (ROOM, ELSEWHERE, "free some or move the cache")


def full_disk(bench: Bench, chance: random.Random) -> Outcome:
    """A file system that is full sooner or later; then somebody makes room."""
    fresh = chance.random() < 0.3
    straight = bench.straight(bench.settings)
    least, most = (0.2e6, straight.size) if fresh else (straight.size_before, straight.size)
    with tmpfs(bench, int(chance.uniform(least + 0.1e6, most + 2e6))) as place:
        case = bench.make(fresh=fresh, folder=place)
        job = case.start()
        code = job.wait(PATIENCE)
        problems = one_error(job, *REMEDIES, any_of=True) if code else []
        remount(place, "size=1g")
        return bench.conclude(case, hit=code != 0, codes=[0, 2], problems=problems)


def file_too_large(bench: Bench, chance: random.Random) -> Outcome:
    """A limit to the size of files (RLIMIT_FSIZE), which needs no rights."""
    case = bench.make(fresh=chance.random() < 0.3)
    job = case.start(file_size=int(10 ** chance.uniform(4.5, 6.8)))
    code = job.wait(PATIENCE)
    problems = one_error(job, *REMEDIES, any_of=True) if code else []
    return bench.conclude(case, hit=code != 0, codes=[0, 2], problems=problems)


def read_only(bench: Bench, chance: random.Random) -> Outcome:
    """A run that was killed, and a file system that is read-only when it is to go on."""
    with tmpfs(bench, 10**9) as place:
        case = bench.make(folder=place)
        first = case.start()
        hit = any_moment(case, first, chance) and send(first, signal.SIGKILL)
        first.wait(PATIENCE)
        remount(place, "ro")
        job = case.start()
        code = job.wait(PATIENCE)
        problems = one_error(job, ELSEWHERE) if code else []
        remount(place, "rw")
        return bench.conclude(case, hit=hit and code != 0, problems=problems)


def not_writable(bench: Bench, chance: random.Random) -> Outcome:
    """The folders of a run can no longer be written to while it trains."""
    case = bench.make()
    job = case.start()
    hit = wait_until(job, lambda: any(case.outputs.glob("attngan*/*/samples/real.png")))
    time.sleep(chance.uniform(0, 2))
    assert case.run
    folders = [case.run, *(path for path in case.run.iterdir() if path.is_dir())]
    forbid(folders, True)
    try:
        code = job.wait(PATIENCE)
    finally:
        forbid(folders, False)
    problems = one_error(job, *REMEDIES, any_of=True) if code else []
    return bench.conclude(case, hit=hit and code != 0, codes=[0, 2], problems=problems)


def forbid(folders: list[Path], on: bool) -> None:
    """Nothing can be made or removed in these; root needs an attribute of the file system."""
    if os.geteuid() != 0:
        for folder in folders:
            folder.chmod(0o555 if on else 0o755)
        return
    command = ["chattr", "+i" if on else "-i", *map(str, folders)]
    if not shutil.which("chattr") or subprocess.run(command, capture_output=True).returncode:
        raise Unavailable("root can write everywhere, and chattr does not work here")


@contextmanager
def tmpfs(bench: Bench, size: int) -> Iterator[Path]:
    """A file system of so many bytes, in memory."""
    bench.count += 1
    place = bench.folder / f"disk-{bench.count}"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        raise Unavailable("only root mounts a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        place.rmdir()


def remount(place: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(place)], check=True)
