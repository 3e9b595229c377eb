"""Weights that installed packages carry, by the name of the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from experiments.encoder import efficientnet_lite0
from experiments.terminal.error import UserError

PACKAGES: dict[str, Callable[[], Mapping[str, Tensor]]] = {
    efficientnet_lite0.EfficientNetLite0.package: efficientnet_lite0.packaged,
}


def packaged(name: str) -> Mapping[str, Tensor]:
    """The state of the network that a package is for. Raises `UserError` where the package is not
    installed, or none that this version reads."""
    if name not in PACKAGES:
        raise UserError(f"{name}: is no package whose weights this version reads")
    return PACKAGES[name]()
