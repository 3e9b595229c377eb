"""Fresh weights as layers themselves begin, for networks that were published so."""

from __future__ import annotations

from torch import nn


def layers_own_start(module: nn.Module) -> None:
    """Set every layer to its own default in place: a part after those that it is made of, whose
    values it may change."""
    for layer in reversed(list(module.modules())):
        reset = getattr(layer, "reset_parameters", None)
        if callable(reset):
            reset()
