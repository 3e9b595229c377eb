"""The processes of one job: one `Accelerator` each, and what Accelerate has no word for."""

from __future__ import annotations

import itertools
import os
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, nn

from experiments.machine.launcher import NEEDED, number_in
from experiments.terminal.error import UserError, one_line, reason_of
from experiments.terminal.interrupt import Stopped, asked
from experiments.terminal.line import say, say_once

# One process may prepare data or wait for a run that another job trains, while the others wait for
# it. A process that dies is noticed at once in any case: its connections close.
PATIENCE = timedelta(days=7)
TOLD_AFTER = 20.0  # s of waiting for other processes
ALONE = "unset RANK LOCAL_RANK WORLD_SIZE"
# As Accelerate calls them.
PRECISIONS = {torch.float32: "no", torch.bfloat16: "bf16", torch.float16: "fp16"}
FILE_PRECISION = "ACCELERATE_MIXED_PRECISION"  # set by `accelerate launch` alone
# What `accelerate config` offers and phases that share networks cannot be wrapped by.
SHARDED = ("FSDP", "DEEPSPEED", "MEGATRON_LM", "PARALLELISM_CONFIG")
_PLACES = itertools.count()  # where processes met, numbered alike on all


def leave() -> None:
    """Part from the other processes, as the last thing that this one does.

    Threads that still serve the group when a process ends can abort it, after all is saved.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def check_launcher(environ: Mapping[str, str], processes: int) -> None:
    """Say in one line where who started this process and `launch.num_processes` disagree.

    Raises `UserError` for what `accelerate launch` may ask for and is not possible.
    """
    for way in SHARDED:
        if environ.get(f"ACCELERATE_USE_{way}", "false").lower() in ("true", "1"):
            raise UserError(
                f"accelerate launch: {way} splits networks over processes, and here each process "
                "has them whole; choose multi-GPU in accelerate config"
            )
    if "RANK" in environ:
        started = int(environ.get("WORLD_SIZE", 1))
        if processes not in (1, started):
            say(f"launch.num_processes={processes}: {started} were started, and are used")
    elif FILE_PRECISION in environ and "MASTER_PORT" in environ:  # MULTI_CPU, without a word
        say(
            "accelerate launch: it was to start several processes and has started one, as it does "
            "without GPUs; use torchrun, or launch.num_processes=N"
        )


def check_precision(environ: Mapping[str, str], wanted: str, chosen: torch.dtype) -> None:
    """Say in one line where the file of `accelerate launch` and `trainer.precision` disagree."""
    theirs, ours = environ.get(FILE_PRECISION), PRECISIONS[chosen]
    if theirs is not None and theirs != ours:
        say_once(
            f"trainer.precision={wanted}: it is {str(chosen).removeprefix('torch.')} here; the "
            f"mixed precision of accelerate launch ({theirs}) is not used"
        )


@contextmanager
def _met() -> Iterator[None]:
    """Joining the others: a line where that takes long, or why it cannot be."""
    place = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
    told = f"process {os.environ.get('RANK')} of {os.environ.get('WORLD_SIZE')}"
    waiting = threading.Timer(
        TOLD_AFTER, say, (f"{told} waits for the others at {place}; to run alone, {ALONE}", True)
    )
    waiting.daemon = True
    if number_in(os.environ, "WORLD_SIZE", 1) > 1:
        waiting.start()
    try:
        yield
    except (torch.distributed.DistError, ValueError, KeyError) as error:
        if "EADDRINUSE" in str(error):
            raise UserError(
                f"MASTER_PORT={os.environ.get('MASTER_PORT')}: another program uses it; set "
                "another one, or let torchrun --standalone or accelerate launch "
                "--main_process_port 0 find one"
            ) from None
        if isinstance(error, torch.distributed.DistError):
            raise UserError(
                f"{told} cannot meet the others at {place} ({reason_of(error)})"
            ) from None
        raise UserError(
            f"Accelerate cannot set up this process ({one_line(error)}); unset what another "
            f"launcher left in the environment: {', '.join(_of_launchers()) or 'nothing known'}"
        ) from None
    finally:
        waiting.cancel()


def _of_launchers() -> list[str]:
    names = ("ACCELERATE_", "OMPI_", "PMI_", "MV2_", *NEEDED)
    return sorted(name for name in os.environ if name.startswith(names))


class Ranks:
    """One process of `processes`, on `device`. Everything works alike with a single process."""

    def __init__(
        self, device: str = "auto", comm_hook: str | None = None, bucket_mb: int = 25
    ) -> None:
        """`device`: auto, cpu or cuda. Joins the group that a launcher has set up, whichever it is.

        comm_hook: fp16 or bf16, in which gradients travel; None: as they are. bucket_mb: of
        gradients that travel together, while the backward pass still runs.

        Raises `UserError` where gradients cannot travel so.
        """
        self._cpu = device == "cpu" or not torch.cuda.is_available()
        self._hook, self._bucket = comm_hook, bucket_mb
        with _met():
            self.begin(torch.float32)
        self.device: torch.device = self.accelerator.device
        self.rank = self.accelerator.process_index
        self.processes = self.accelerator.num_processes
        if comm_hook == "bf16" and self._cpu and self.processes > 1:
            raise UserError("launch.comm_hook=bf16: needs GPUs (NCCL); use fp16 or null")
        assert self.processes == int(os.environ.get("WORLD_SIZE", 1)), "a rank did not join"

    def begin(self, precision: torch.dtype) -> None:
        """Compute in this precision from here on, and let go of what was prepared before.

        A process trains several runs, one after the other, each in a precision of its own; for
        Accelerate precision belongs to the process, so its state is made anew, but for the group.
        """
        from accelerate import Accelerator, DistributedDataParallelKwargs, InitProcessGroupKwargs
        from accelerate.state import AcceleratorState
        from accelerate.utils import DDPCommunicationHookType

        self._precision = precision
        group = torch.distributed.is_available() and torch.distributed.is_initialized()
        AcceleratorState._reset_state(reset_partial_state=not group)
        gradients = DistributedDataParallelKwargs(
            broadcast_buffers=False,  # running statistics are averaged where they are read
            find_unused_parameters=True,
            bucket_cap_mb=self._bucket,
            comm_hook=DDPCommunicationHookType(self._hook or "no"),
        )
        self.accelerator = Accelerator(
            mixed_precision="no" if self._half_here(precision) else PRECISIONS[precision],
            cpu=self._cpu,
            device_placement=False,  # networks are there; the average follows these very tensors
            dynamo_backend="no",  # `trainer.compile` says what is compiled
            kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE), gradients],
        )

    def _half_here(self, precision: torch.dtype) -> bool:
        """float16 on a CPU, which torch computes in and Accelerate refuses."""
        return self._cpu and precision == torch.float16

    @property
    def main(self) -> bool:
        return self.rank == 0

    def autocast(self) -> AbstractContextManager[Any]:
        """Operators in here compute in the precision of the run."""
        if self._half_here(self._precision):
            return torch.autocast("cpu", torch.float16)
        return self.accelerator.autocast()  # type: ignore[no-any-return]

    def prepare(self, module: nn.Module) -> nn.Module:
        """The module to call instead: a backward pass through what it returns leaves in those
        parameters that ask for gradients now the mean over processes."""
        if self.processes == 1:  # torchrun may start one alone, which Accelerate would wrap as well
            return module
        warnings.filterwarnings("ignore", "Grad strides do not match")  # of kernels 1 wide
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*broadcast_buffers", FutureWarning)
            return self.accelerator.prepare_model(module)  # type: ignore[no-any-return]

    def wait(self) -> None:
        """Until every process is here."""
        self.accelerator.wait_for_everyone()

    def mean(self, tensor: Tensor) -> Tensor:
        """Mean over processes."""
        return self.accelerator.reduce(tensor, "mean")  # type: ignore[no-any-return]

    def any(self, flag: bool, patience: float | None = None) -> bool:
        """Whether the flag is set on any process. `patience`: s that one with the flag waits for
        the others, which may never come here; raises `TimeoutError` then. All give it, or none."""
        if self.processes == 1:
            return flag
        if patience is not None:
            self._arrive(patience if flag else 0.0)
        return bool(self.mean(torch.tensor(float(flag), device=self.device)).item() > 0)

    def _arrive(self, patience: float) -> None:
        """Tell by the store that this process is here, and wait so long for the others. Of a
        collective that was begun a process cannot take leave."""
        store = torch.distributed.distributed_c10d._get_default_store()
        place, ends = f"arrived/{next(_PLACES)}", time.monotonic() + patience
        store.add(place, 1)
        while patience and store.add(place, 0) < self.processes:
            if time.monotonic() > ends:
                raise TimeoutError(f"other processes are not here after {patience:g} s")
            time.sleep(0.05)

    def stop_if_asked(self) -> None:
        """Raise `Stopped` on every process where one was asked to leave. All call it together: for
        long work within an `Interrupt`."""
        number = asked()
        if self.processes > 1:
            number = int(self.gather(torch.tensor([number], device=self.device)).max())
        if number:
            raise Stopped(number)

    def average_buffers(self, module: nn.Module) -> None:
        """Mean of floating-point buffers: each process has seen other pictures."""
        if self.processes > 1:
            for buffer in module.buffers():
                if buffer.is_floating_point():
                    buffer.copy_(self.mean(buffer))

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all processes in the order of ranks; each must bring as many."""
        return self.accelerator.gather(rows)  # type: ignore[no-any-return]
