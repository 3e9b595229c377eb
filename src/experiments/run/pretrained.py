"""Nodes of a configuration that ask for a finished run: which they are, and what to leave out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Whose nodes may ask for a run; those of the last cannot change the result.
GROUPS = ("data", "encoder", "generator", "discriminator", "metric")
JUDGES = ("data.", "metric.")  # nodes whose run judges all of the data, whatever is trained on

# In place of a file, where weights of another run come with a run's own checkpoint.
IN_CHECKPOINT = "in its checkpoint"


def role(path: str) -> str:
    """The group that a node becomes in the run that it asks for, and what is loaded from there."""
    group = path.split(".")[0]
    return group if group in ("generator", "discriminator") else "encoder"


def _pretrained_nodes(
    config: Mapping[str, Any], groups: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, node) of each node that asks for a run, in order."""

    def walk(path: str, node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(node, dict):
            if node.get("pretrained"):
                yield path, node
                return
            for key, value in node.items():
                yield from walk(f"{path}.{key}", value)

    for group in groups:
        yield from walk(group, config.get(group))


def without_unneeded(node: Any) -> Any:
    """A copy in which a node whose `pretrained.when` is false is null."""
    if not isinstance(node, dict):
        return node
    spec = node.get("pretrained")
    if isinstance(spec, dict) and not spec.get("when", True):
        return None
    return {key: without_unneeded(value) for key, value in node.items()}


def without_pretrained(config: Mapping[str, Any], *groups: str) -> dict[str, Any]:
    """A configuration in which groups ask for no other run: all weights are in a checkpoint."""
    return dict(config) | {group: _stripped(config.get(group)) for group in groups}


def _stripped(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _stripped(value) for key, value in node.items() if key != "pretrained"}
    return node
