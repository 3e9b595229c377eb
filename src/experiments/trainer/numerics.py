"""What a run does about a loss or a gradient that is not finite: `trainer.nonfinite`.

stop      end, with a diagnosis; the last checkpoint is good
skip      leave the update out, which asks the device at every update; bounded
rollback  go back to the last checkpoint and pass over the batches from there to the failure;
          bounded

What is random is a function of the images seen and those passed over, and both lie in a checkpoint:
a run that is stopped anywhere and resumed meets the same failures and does the same about them.
"""

from __future__ import annotations

from typing import Any, NoReturn

import torch
from torch import Tensor

from experiments.run import checkpoint
from experiments.run.folder import by_images
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of, say
from experiments.trainer import diagnosis
from experiments.trainer.diagnosis import Failure
from experiments.trainer.training import Training
from experiments.trainer.turn import Turn

WINDOW = 100  # steps in which at most `trainer.skips` updates of a phase are left out


class Numerics:
    """The policy of one run. The loop asks it, and does not know which it is."""

    def __init__(self, training: Training) -> None:
        trainer = training.run.config["trainer"]
        self.training, self.policy = training, trainer["nonfinite"]
        self.skips, self.rollbacks = int(trainer["skips"]), int(trainer["rollbacks"])
        self.went_back = 0  # times
        self.skipped: dict[str, int] = {}  # updates, by phase
        self.recent: dict[str, list[int]] = {}  # images before those that are within the window
        self._spoilt = False
        self._buffers: list[Tensor] = []
        self._before: list[Tensor] = []
        if self.policy == "skip":
            for turn in training.turns:
                turn.judge = self._judge

    def state(self) -> dict[str, Any]:
        """For a checkpoint: what the weights from here on depend on."""
        return {
            "passed_over": self.training.passed_over,
            "went_back": self.went_back,
            "skipped": dict(self.skipped),
            "recent": {name: list(images) for name, images in self.recent.items()},
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned; a checkpoint without it never met a failure."""
        self.training.passed_over = int(state.get("passed_over", 0))
        self.went_back = int(state.get("went_back", 0))
        self.skipped = dict(state.get("skipped", {}))
        self.recent = {name: list(images) for name, images in state.get("recent", {}).items()}

    def counts(self) -> dict[str, float]:
        """What was done so far, for the statistics; nothing where nothing can be."""
        found: dict[str, float] = {}
        if self.policy == "rollback" or self.went_back:
            found["numerics/rollbacks"] = self.went_back
            found["numerics/passed_over"] = self.training.passed_over
        if self.policy == "skip" or self.skipped:
            names = [turn.phase.name for turn in self.training.turns]
            found |= {f"{name}/skipped": self.skipped.get(name, 0) for name in names}
        for name, scaling in self.training.scalings.items():
            found[f"{name}/overflows"], _ = scaling.counts
            found[f"{name}/loss_scale"] = scaling.scale_now
        return found

    @property
    def wants_checkpoint(self) -> bool:
        """Whether the run needs one before its first step: somewhere to go back to."""
        return self.policy == "rollback" and self.training.images == 0

    def begin(self) -> None:
        """Before a step: what a forward pass changes is kept where updates may be left out."""
        if self.policy != "skip":
            return
        if not self._buffers:
            self._buffers = [b for b in self.training.system.buffers() if b.is_floating_point()]
            self._before = [torch.empty_like(buffer) for buffer in self._buffers]
        if self._buffers:
            torch._foreach_copy_(self._before, self._buffers)

    def end(self) -> None:
        """After a step: running statistics that it spoilt are as before it."""
        if not self._spoilt:
            return
        self._spoilt = False
        for buffer, before in zip(self._buffers, self._before, strict=True):
            if not bool(buffer.isfinite().all()):
                buffer.copy_(before)

    def check(self) -> bool:
        """Whether the run is back at a checkpoint, since something was not finite; it waits for the
        device, and all processes call this together.

        Raises `UserError` where the run is to stop.
        """
        training = self.training
        # A finite gradient may be of an update that is too large, and be the last of all.
        finite = torch.stack([part for turn in training.turns for part in turn.all_finite]).all()
        if not training.ranks.any(not bool(finite)):
            return False
        failure = diagnosis.find(training)
        if self.policy != "rollback":
            self._stop(failure, "")
        if self.went_back >= self.rollbacks:
            self._stop(failure, f"after trainer.rollbacks={self.rollbacks} ways back ")
        self._go_back(failure)
        return True

    def _go_back(self, failure: Failure) -> None:
        training = self.training
        state = checkpoint.load_newest(training.run.folder)
        assert state is not None, "the run saved before its first step"
        back = int(state["images"])
        passed = failure.images + training.batch - back
        self.went_back += 1
        training.passed_over += passed
        done = f"back to {number_of(back, 'image')}, the next {passed} are passed over"
        path = diagnosis.write(training, failure, done)
        mine = self.state()
        training.load(state)
        self.load(mine)  # the checkpoint is from before the failure
        for turn in training.turns:
            turn.recorder.clear()
        training.ranks.wait()
        times = f"{self.went_back} of at most {self.rollbacks}"
        say(f"{training.run.name}: {failure}: {done} ({times}); {path} has the details")

    def _judge(self, turn: Turn, images: int, good: Tensor) -> bool:
        """Whether an update is made: not where it is not finite on any process."""
        training, name = self.training, turn.phase.name
        if not training.ranks.any(not bool(good)):
            return True
        failure = diagnosis.find(training)
        start = images - WINDOW * training.batch
        recent = [before for before in self.recent.get(name, []) if before > start]
        if len(recent) >= self.skips:
            what = f"{name}: {len(recent) + 1} updates of {WINDOW} are more than trainer.skips="
            self._stop(failure, f"{what}{self.skips}: ")
        first = not self.skipped.get(name)
        self.recent[name] = [*recent, images]
        self.skipped[name] = self.skipped.get(name, 0) + 1
        if first:
            path = diagnosis.path_of(training, failure)
            if not self._spoilt:  # else what failed before it in this step is its cause
                diagnosis.write(training, failure, "the update was left out")
            say(
                f"{training.run.name}: {failure}: the update is left out; {path} has the details, "
                f"{name}/skipped in the statistics counts all that follow"
            )
        turn.recorder.clear()
        self._spoilt = True
        return False

    def _stop(self, failure: Failure, why: str) -> NoReturn:
        training = self.training
        path = diagnosis.write(training, failure, "stopped")
        kept = "the last checkpoint is good"
        if not by_images(training.run.folder, "checkpoints"):
            kept = "there is no checkpoint yet"
        remedies = ["lower optim.*.lr"]
        if training.precision != torch.float32:
            remedies.append("set trainer.precision=fp32")
        ways = {
            "stop": "trainer.nonfinite=skip or rollback",
            "skip": "trainer.nonfinite=rollback or more trainer.skips",
            "rollback": "trainer.nonfinite=skip or more trainer.rollbacks",
        }
        raise UserError(
            f"{training.run.folder}: {why}{failure}, see {path}; {kept}: {' or '.join(remedies)} "
            f"(a run of its own), or go on with {ways[self.policy]}"
        )
