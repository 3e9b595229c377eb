"""The run folder: a function of the configuration, and the lock that keeps two processes apart."""

from __future__ import annotations

import copy
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments.errors import UserError

# What cannot change the weights that a run arrives at after N images.
WITHOUT_EFFECT = {
    "": {"task", "run", "text", "paths", "launch", "tracker", "metric"},
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
    for group in ("encoder", "system"):
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
def run_lock(folder: Path, wait: bool = False) -> Iterator[None]:
    """Hold the run folder. The lock is the kernel's: it ends with the process, however that ends.

    Raises `UserError` where another process holds it, or waits for it with `wait`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "lock"
    with path.open("a+") as file:
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if not wait:
                    file.seek(0)
                    raise UserError(
                        f"{folder} is being trained by {file.read().strip() or 'another process'}; "
                        "wait for it, stop it, or change a setting"
                    ) from None
                if not told:
                    from experiments.terminal import say

                    say(f"waiting for {folder}, which another process is training")
                    told = True
                time.sleep(0.5)
        file.truncate(0)
        file.write(f"process {os.getpid()} on {os.uname().nodename}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
