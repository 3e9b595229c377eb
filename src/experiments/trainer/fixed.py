"""What of a run never changes and came from elsewhere, so that its files need not repeat it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from experiments.run.reference import ELSEWHERE, Origin, digest_of, grouped, named
from experiments.trainer.turn import Turn


class Fixed:
    """The tensors of a system that a run, or a package, gave to it and that no phase trains.

    Whether one is left out of a file is decided by its content at that moment: running statistics
    that a forward pass has changed are kept, and so is what a phase trains, though it may be frozen
    in others. Weights that were drawn here and frozen are kept, since nobody else has them.
    """

    def __init__(self, system: nn.Module, turns: Iterable[Turn]) -> None:
        """`system`: as it was built, before anything was trained or loaded from a checkpoint."""
        trained = {id(parameter) for turn in turns for parameter in turn.trained}
        self._origins: list[tuple[str, Origin]] = []
        self._tensors: dict[str, tuple[int, str]] = {}  # number of the origin, and digest
        for at, origin, module in _came(system, ""):
            number = len(self._origins)
            self._origins.append((at, origin))
            for name, tensor in named(module.state_dict(keep_vars=True), f"{at}."):
                if id(tensor) not in trained:
                    self._tensors[name] = number, self.digest(name, tensor)

    def digest(self, name: str, tensor: Tensor) -> str:
        """Of the content of a tensor."""
        return digest_of(name, tensor)

    def without(self, folder: Path, **parts: Mapping[str, Any]) -> dict[str, Any]:
        """The parts of a state for the run in `folder`, `system` and `export`, without what is
        kept elsewhere, and beside them where that is (`run/reference.py`)."""
        found: dict[str, Any] = {}
        kept: dict[str, Any] = {}
        for part, content in parts.items():
            own: dict[str, Tensor] = {}
            kept[part] = {}
            for name, tensor in named(content):
                number, digest = self._tensors.get(name, (0, None))
                if digest is not None and self.digest(name, tensor) == digest:
                    kept[part][name] = [number, digest]
                else:
                    own[name] = tensor
            nested = any(isinstance(value, Mapping) for value in content.values())
            found[part] = grouped(own, content) if nested else own
        if any(kept.values()):
            origins = [origin.told(at, folder) for at, origin in self._origins]
            found[ELSEWHERE] = {"origins": origins} | kept
        return found


def _came(module: nn.Module, at: str) -> Iterator[tuple[str, Origin, nn.Module]]:
    """Modules that got all their weights from one place. What is inside one came with it."""
    package = getattr(module, "package", None)
    origin = getattr(module, "came_from", None) or (package and Origin(package=package))
    if origin:
        yield at, origin, module
        return
    for name, child in module.named_children():
        yield from _came(child, f"{at}.{name}".lstrip("."))
