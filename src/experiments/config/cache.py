"""Compositions kept beside the byte code: Hydra takes half a second to make one, and
reading it takes milliseconds.

Like byte code they are made when they are needed and not found, fit one state of the sources alone,
may be deleted at any time, and are not written under `python -B`.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hydra
import omegaconf
from omegaconf import DictConfig

from experiments.config import option, outside, resolver
from experiments.config.key import top_of
from experiments.config.place import CONF
from experiments.file.whole import aside
from experiments.terminal.error import UserError

FOLDER = Path(importlib.util.cache_from_source(__file__)).parent
NAME = "composed-*.pickle"
MOST = 128  # of them are kept, 35 kB each, those that were used last
DIGEST = hashlib.sha256().digest_size  # bytes in front of each, by which an unfinished one is known


def require_conf() -> None:
    """Raises `UserError` where the code was copied without its configuration."""
    if not CONF.is_dir():
        raise UserError(
            f"{CONF}: the configuration is not there, since only the code was copied; run "
            "run.py in a clone of the project, or `pip install .` there"
        )


def kept(overrides: tuple[str, ...], compose: Callable[[tuple[str, ...]], DictConfig]) -> bytes:
    """`compose(overrides)`, pickled; from the last time where nothing that it is made of changed.

    What plugins of Hydra have a say in is always composed.
    """
    if any(top_of(override) == "hydra" for override in overrides):
        return pickle.dumps(compose(overrides))
    file = FOLDER / NAME.replace("*", _state(overrides))
    with contextlib.suppress(OSError):  # it is not there, or cannot be read
        whole = file.read_bytes()
        if hashlib.sha256(whole[DIGEST:]).digest() == whole[:DIGEST]:
            with contextlib.suppress(OSError):  # the package may be another user's
                os.utime(file)
            return whole[DIGEST:]
    content = pickle.dumps(compose(overrides))
    if not sys.dont_write_bytecode:
        with contextlib.suppress(OSError):  # the package may be read-only
            _write(file, hashlib.sha256(content).digest() + content)
    return content


def _state(overrides: tuple[str, ...]) -> str:
    """A hash of all that a composition is made of. It names the folder that it was made in, too,
    as `hydra.runtime.cwd`, which nothing here reads."""
    found = hashlib.sha256()
    for part in _parts(overrides):
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()[:32]


def _parts(overrides: tuple[str, ...]) -> Iterator[bytes]:
    about = (sys.version, hydra.__version__, omegaconf.__version__, *overrides)
    yield from (text.encode() for text in about)
    files = sorted(file for root in (CONF, *outside.folders()) for file in root.rglob("*.yaml"))
    for file in [*files, *(Path(str(module.__file__)) for module in (option, resolver))]:
        yield str(file).encode()
        yield file.read_bytes()


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, and those away that were not used for longest."""
    with aside(file) as unfinished:
        unfinished.write_bytes(content)
    others = sorted(FOLDER.glob(NAME), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in others[MOST:]:
        old.unlink(missing_ok=True)
