"""The run folder: a function of the configuration, and the lock that keeps two processes apart."""

from __future__ import annotations

import copy
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from experiments.errors import UserError
from experiments.interrupt import Stopped
from experiments.terminal import say

# What cannot change the weights that a run arrives at after N images.
WITHOUT_EFFECT = {
    "": {
        "task",
        "study",
        "budget",
        "run",
        "text",
        "num_samples",
        "answers",
        "sample",
        "report",
        "human",
        "export",
        "paths",
        "launch",
        "tracker",
        "metric",
    },
    "trainer": {
        "images",
        "log_every",
        "sample_every",
        "evaluate_every",
        "checkpoint_every",
        "keep",
        "sample_captions",
        "sample_columns",
    },
    "data": {"root", "preset"},
    "data.reader": {"root"},
}


def identity(config: Mapping[str, Any], prerequisites: Mapping[str, str]) -> dict[str, Any]:
    """The part of a resolved configuration that decides the result, and what it builds on."""
    found: dict[str, Any] = copy.deepcopy(dict(config))
    for path, keys in WITHOUT_EFFECT.items():
        node: Any = found
        for part in filter(None, path.split(".")):
            node = node.get(part, {})
        for key in keys:
            node.pop(key, None)
    for group in ("encoder", "generator", "system"):
        _drop_pretrained(found.get(group))
    found["prerequisites"] = dict(prerequisites)
    return found


def _drop_pretrained(node: Any) -> None:
    if isinstance(node, dict):
        node.pop("pretrained", None)
        for value in node.values():
            _drop_pretrained(value)


def run_id(config: Mapping[str, Any], prerequisites: Mapping[str, str]) -> str:
    """Ten hexadecimal digits; independent of the order of keys and of the process."""
    text = json.dumps(identity(config, prerequisites), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


@contextmanager
def run_lock(
    folder: Path, wait: bool = False, stop: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Hold the run folder. The lock is the kernel's: it ends with the process, however that ends.

    Raises `UserError` where another process holds it; with `wait` it waits, until `stop()`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+") as file:
        told = False
        while not _locked(file):
            if not wait:
                file.seek(0)
                raise UserError(
                    f"{folder} is being trained by {file.read().strip() or 'another process'}; "
                    "wait for it, stop it, or change a setting"
                )
            if not told:
                say(f"waiting for {folder}, which another process is training")
                told = True
            if stop():
                raise Stopped
            time.sleep(0.2)
        file.truncate(0)
        file.write(f"process {os.getpid()} on {os.uname().nodename}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
