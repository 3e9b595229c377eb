"""Hydra composes in half of its time: what it does again for each file of each command line is done
once. These are patches of what it promises nobody; `tests/config/test_private.py` holds them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra._internal import defaults_list as lists
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins

FILES = 1024  # of options that are kept as they were read, a few kB each
_map = lists._create_interpolation_map
_read: list[Callable[..., Any]] = []  # the way of Hydra, once ours has taken its place


def patch() -> None:
    """For this process. Idempotent."""
    if _read:
        return
    lists._create_interpolation_map = _map_where_asked
    Plugins.instance()  # it registers who reads files
    source: Any = SourcesRegistry.instance().resolve("file")
    _read.append(source.load_config)
    source.load_config = _load


def _map_where_asked(overrides: Any, defaults_list: list[Any], self_added: bool) -> Any:
    """What else was chosen, as a configuration: Hydra makes it for every list of defaults, and only
    one with an interpolation looks at it."""
    if any(default.is_interpolation() for default in defaults_list):
        return _map(overrides, defaults_list, self_added)
    return None


def _load(source: Any, config_path: str) -> Any:
    """A file of options, read once as long as it holds the same."""
    file = Path(source.path, source._normalize_file_name(config_path))
    try:
        content = file.read_bytes()
    except OSError:  # Hydra says what is wrong
        return _read[0](source, config_path)
    return pickle.loads(_loaded(_Source(source), config_path, content))


class _Source:
    """A source of files: another of the same folder gives the same."""

    def __init__(self, source: Any) -> None:
        self.source, self.key = source, (source.path, source.provider)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Source) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=FILES)
def _loaded(source: _Source, config_path: str, content: bytes) -> bytes:
    return pickle.dumps(_read[0](source.source, config_path))
