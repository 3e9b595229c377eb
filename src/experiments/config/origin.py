"""Where a value comes from: `optim.discriminator.lr` is `data.preset.lr`, as `conf/` has it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig

from experiments.config.key import value_at

MOST = 16  # keys that hand a value on to each other
HANDED = re.compile(r"\$\{(\.*)(\w[\w.]*)\}")  # dots before it: so many nodes up
REFUSED = re.compile(r"(?P<path>[\w.]+): (?P<key>\w+)=")  # as `build` tells what was refused


def as_given(line: str, cfg: DictConfig, config: Mapping[str, Any]) -> str:
    """What a class refused, told of the key that it comes from. `cfg`: as composed; `config`: the
    same as the run has it. Where its value is another one there, the line stays."""
    refused = REFUSED.match(line)
    if refused is None:
        return line
    key = f"{refused['path']}.{refused['key']}"
    given = origin(cfg, key)
    if given == key or value_at(config, given) != value_at(config, key):
        return line
    return f"{given}={line[refused.end() :]}"


def origin(cfg: DictConfig, key: str) -> str:
    """The key whose value is handed on to this one, unchanged, by keys whose whole value it is."""
    for _ in range(MOST):
        before = _handed_from(cfg, key.split("."))
        if before is None:
            break
        key = before
    return key


def _handed_from(cfg: DictConfig, parts: list[str]) -> str | None:
    """The key that one is a copy of, or that the first node on its way is; None where none is."""
    node: Any = cfg
    for depth, part in enumerate(parts):
        if not isinstance(node, DictConfig) or node._is_none() or part not in node:
            return None
        node = node._get_node(part, validate_access=False)
        if node is not None and (handed := HANDED.fullmatch(str(node._value()))):
            up = len(handed[1])
            above = parts[: depth + 1 - up] if up else []
            return ".".join([*above, handed[2], *parts[depth + 1 :]])
    return None
