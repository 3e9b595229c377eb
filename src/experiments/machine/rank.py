"""The processes of one job, through Accelerate: who am I, where, and averages over all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta

import torch
from torch import Tensor

# One process may prepare data or wait for a run that another job trains, while the others wait for
# it. A process that dies is noticed at once in any case: its connections close.
PATIENCE = timedelta(days=7)


def leave() -> None:
    """Part from the other processes, as the last thing that this one does.

    Threads that still serve the group when a process ends can abort it, after all is saved.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


class Ranks:
    """One process of `processes`, on `device`. Everything works alike with a single process."""

    def __init__(self, device: str = "auto") -> None:
        """`device`: auto, cpu or cuda. Joins the group that `torch.distributed.run` has set up."""
        from accelerate import PartialState

        cpu = device == "cpu" or not torch.cuda.is_available()
        self.state = PartialState(cpu=cpu, timeout=PATIENCE)
        self.device: torch.device = self.state.device
        self.rank, self.processes = self.state.process_index, self.state.num_processes
        assert self.processes == int(os.environ.get("WORLD_SIZE", 1)), "a rank did not join"

    @property
    def main(self) -> bool:
        return self.rank == 0

    def wait(self) -> None:
        """Until every process is here."""
        self.state.wait_for_everyone()

    def mean(self, tensor: Tensor) -> Tensor:
        """Mean over processes, in place."""
        if self.processes > 1:
            torch.distributed.all_reduce(tensor)
            tensor /= self.processes
        return tensor

    def any(self, flag: bool) -> bool:
        """Whether the flag is set on any process."""
        if self.processes == 1:
            return flag
        tensor = torch.tensor(float(flag), device=self.device)
        torch.distributed.all_reduce(tensor)
        return bool(tensor.item() > 0)

    def average_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Mean of the gradients over processes, in one message."""
        if self.processes == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        sizes = [gradient.numel() for gradient in gradients]
        parts = [
            part.view_as(gradient)
            for part, gradient in zip(flat.split(sizes), gradients, strict=True)
        ]
        torch._foreach_copy_(gradients, parts)

    def average_buffers(self, module: torch.nn.Module) -> None:
        """Mean of floating-point buffers: each process has seen other pictures."""
        if self.processes > 1:
            for buffer in module.buffers():
                if buffer.is_floating_point():
                    self.mean(buffer)

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all processes in the order of ranks; each must bring as many."""
        if self.processes == 1:
            return rows
        parts = [torch.empty_like(rows) for _ in range(self.processes)]
        torch.distributed.all_gather(parts, rows.contiguous())
        return torch.cat(parts)
