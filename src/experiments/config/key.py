"""Keys of configurations and of overrides, with their values: `+data.root=~/birds`, `~metric`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SIGNS = "+~"  # before a key: add it, delete it


def key_of(override: str) -> str:
    """`data.root` of `+data.root=~/birds`."""
    return override.lstrip(SIGNS).partition("=")[0]


def node_of(override: str) -> str:
    """Where in a configuration it stands: `metric.classifier` of `encoder@metric.classifier=...`,
    `metric.extractor` of `metric/extractor=inception`."""
    group, _, package = key_of(override).partition("@")
    return package or group.replace("/", ".")


def values(overrides: Iterable[str]) -> dict[str, str]:
    """The last value that is written for each key, quotes and all."""
    return {key_of(override): override.partition("=")[2] for override in overrides}


def without(overrides: Iterable[str], *tops: str) -> list[str]:
    """The overrides whose key does not begin with any of these names, as `hydra` or `paths`."""
    return [text for text in overrides if top_of(text) not in tops]


def top_of(override: str) -> str:
    """`hydra` of `hydra/launcher=joblib`, `paths` of `paths.outputs=runs`."""
    return key_of(override).partition(".")[0].partition("/")[0]


def flat(node: Any, path: str = "") -> dict[str, Any]:
    """Every value of a configuration by its key; a list is a value."""
    if isinstance(node, Mapping) and node:
        found: dict[str, Any] = {}
        for key, value in node.items():
            found |= flat(value, f"{path}.{key}" if path else str(key))
        return found
    return {path: node}


def value_at(config: Any, key: str) -> Any:
    """The value of a key, or the node at its path; all of it for an empty key, None where there is
    none."""
    node = config
    for name in filter(None, key.split(".")):
        node = node.get(name) if isinstance(node, Mapping) else None
    return node
