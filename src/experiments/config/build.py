"""Objects from a checked configuration: what a node's `_target_` names, its children first."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from experiments.config.target import locate
from experiments.terminal.error import UserError, reason_of

# What a constructor raises for arguments that it cannot do anything with.
REFUSED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)


Load = Callable[[Any, Mapping[str, Any], Mapping[str, Any], str], None]


def build(
    node: Any, facts: Mapping[str, Any] | None = None, path: str = "", load: Load | None = None
) -> Any:
    """Make what a node's `_target_` names, its children first.

    `facts` are what the data decide (`FACTS`); each is passed to the targets that ask for it by
    name. `path`: of the node in the configuration; a value that a target refuses is told with it,
    as a `UserError`. A node with `pretrained`, by now the weights of a finished run, gets them by
    `load(made, node, facts, path)`: who builds such nodes says how.
    """
    facts = facts or {}
    if isinstance(node, list):
        return [build(item, facts, path, load) for item in node]
    if not isinstance(node, Mapping):
        return node
    arguments = {
        key: build(value, facts, f"{path}.{key}".lstrip("."), load)
        for key, value in node.items()
        if key not in ("_target_", "pretrained")
    }
    if "_target_" not in node:
        return arguments
    target = locate(node["_target_"])
    for name in inspect.signature(target).parameters:
        if name in facts and name not in arguments:
            arguments[name] = facts[name]
    try:
        made = target(**arguments)
    except REFUSED as error:
        # What a constructor cannot do with its arguments, this configuration has got wrong.
        raise UserError(f"{path or target.__name__}: {reason_of(error)}") from error
    if node.get("pretrained"):
        assert load is not None, f"{path} asks for weights"
        load(made, node, facts, path)
    return made
