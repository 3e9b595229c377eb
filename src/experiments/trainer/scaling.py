"""`trainer.precision=fp16`: losses are scaled, since float16 has no room for small gradients.

float16 ends at 6e-8 below and at 65,504 above. A loss that is multiplied before its backward pass
keeps its gradients within (Micikevicius et al. 2018, section 3.2); they are divided again before
anybody looks at them. An update whose gradients are too large at its scale is left out, and the
scale halved; after 2,000 that are not, it is doubled.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from experiments.terminal.line import number_of


class Scaling:
    """The scale of the losses of one phase: phases differ in the size of their gradients. Nothing
    here waits for the device but `counts` and `state`."""

    def __init__(self, device: torch.device) -> None:
        self.scaler = _scaler(device)
        self._one = torch.ones((), device=device)
        self._left_out = torch.zeros((), dtype=torch.int64, device=device)
        self._updates = 0

    def scale(self, loss: Tensor) -> Tensor:
        """The loss to go back from, in place of its own."""
        return self.scaler.scale(loss)  # type: ignore[no-any-return]

    def unscale(self, optimiser: torch.optim.Optimizer) -> None:
        """Give the gradients of an optimiser their own size, once all parts of a batch are in."""
        self.scaler.unscale_(optimiser)

    def is_known(self, norm: Tensor) -> Tensor:
        """Whether gradients of this norm are no failure: finite, or too large for a scale that can
        still be less. At a scale of 1 they are not finite by themselves."""
        return norm.isfinite() | (self.scaler.scale(self._one) > 1)

    def step(self, optimiser: torch.optim.Optimizer, norm: Tensor) -> None:
        """Step where the gradients, whose norm is known, are finite; then choose the next scale."""
        self._updates += 1
        self._left_out += ~norm.isfinite()
        self.scaler.step(optimiser)
        self.scaler.update()

    def pass_over(self) -> None:
        """Choose the next scale without a step: somebody else has left the update out."""
        self.scaler.update()

    @property
    def scale_now(self) -> float:
        return float(self.scaler.get_scale())

    @property
    def counts(self) -> tuple[int, int]:
        """Updates that were left out, and all, those of resumed processes included."""
        return int(self._left_out), self._updates

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        left_out, updates = self.counts
        return {"scaler": self.scaler.state_dict(), "left_out": left_out, "updates": updates}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.scaler.load_state_dict(state["scaler"])
        self._left_out.fill_(int(state["left_out"]))
        self._updates = int(state["updates"])


def _scaler(device: torch.device) -> torch.amp.GradScaler:
    """Accelerate's for a GPU. It has none for a CPU, where torch has one since 2.3."""
    if device.type == "cpu":
        return torch.amp.GradScaler("cpu")
    from accelerate.utils import get_grad_scaler

    return get_grad_scaler()  # type: ignore[no-any-return]


def told(scalings: Iterable[tuple[str, Scaling]]) -> str:
    """What was left out of each phase, in words; empty where nothing is scaled."""
    found = []
    for name, scaling in scalings:
        left_out, updates = scaling.counts
        scale = f"loss x {scaling.scale_now:,.6g}"
        found.append(f"{name} {left_out:,} of {number_of(updates, 'update')}, {scale}")
    return f"fp16: left out, since gradients overflowed: {'; '.join(found)}" if found else ""
