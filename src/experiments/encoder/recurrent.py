"""The recurrent layers of Reed et al. 2016, which match no stock layer: old weights need these.

Sources: `modules/` of the released CVPR code, `modules/FixedGRU.lua` of the ICML one. Both give the
mean of their states (CVPR, section 4).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

INITIAL_RANGE = 0.08  # of all parameters, biases too; `train_sje_hybrid.lua`


def initialise_uniform(module: nn.Module) -> None:
    """All parameters from U(-0.08, 0.08)."""
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -INITIAL_RANGE, INITIAL_RANGE)


class ReLURNN(nn.Module):
    """r_1 = ReLU(W x_1), r_t = ReLU(W x_t + U r_(t-1)), both with biases."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inputs, self.states = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, steps, width). Returns the mean of the states, (B, width)."""
        steps = self.inputs(x).unbind(1)
        state = steps[0].relu()
        states = [state]
        for step in steps[1:]:
            state = (step + self.states(state)).relu()
            states.append(state)
        return torch.stack(states).mean(0)


class FixedGRU(nn.Module):
    """A GRU whose first state is tanh(W x_1), without gates, and whose reset gate acts before the
    recurrent product: u x candidate + (1 - u) x old."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inputs = nn.Linear(width, 3 * width)  # update, reset, candidate
        self.gates = nn.Linear(width, 2 * width)  # update, reset
        self.candidate = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, steps, width). Returns the mean of the states, (B, width)."""
        inputs = [step.chunk(3, dim=1) for step in self.inputs(x).unbind(1)]
        state = inputs[0][2].tanh()
        states = [state]
        for update, reset, new in inputs[1:]:
            from_update, from_reset = self.gates(state).chunk(2, dim=1)
            u, r = (update + from_update).sigmoid(), (reset + from_reset).sigmoid()
            candidate = (new + self.candidate(r * state)).tanh()
            state = u * candidate + (1 - u) * state
            states.append(state)
        return torch.stack(states).mean(0)
