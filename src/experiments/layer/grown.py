"""Networks with a list of stages that grow on a trained one with fewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

BY_STAGE = ("resolutions", "width")  # lists with an entry for each stage


def require_first(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """What the smaller network was made of must be what the larger one is made of, up to where it
    ends. Raises `ValueError` with the keys and both values."""
    stages = len(theirs["resolutions"])
    if stages >= len(ours["resolutions"]):
        sides = f"{list(theirs['resolutions'])}, and resolutions are {list(ours['resolutions'])}"
        raise ValueError(f"first.resolutions are {sides}: a further stage is one side more")
    different = []
    for key, own in ours.items():
        wanted = own[:stages] if key in BY_STAGE and isinstance(own, list) else own
        if theirs[key] != wanted:
            different.append(f"first.{key} is {theirs[key]}, and here it must be {wanted}")
    if different:
        raise ValueError("; ".join(different))


def came_from(first: nn.Module, parts: Sequence[nn.Module]) -> tuple[nn.Module, ...]:
    """The parts of the smaller network that came trained with it, marked as such one by one, since
    they outlive it; none where its weights are fresh."""
    if not getattr(first, "came_trained", False):
        return ()
    for part in parts:
        part.came_trained = True  # type: ignore[assignment]
    return tuple(parts)
