"""A phase of a system with its optimiser: how its losses change what it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from experiments.machine.rank import Ranks
from experiments.optim.schedule import Scheduled
from experiments.system.base import Phase
from experiments.system.seeding import Step
from experiments.trainer.mean import Stats
from experiments.trainer.recorder import Named, Recorder
from experiments.trainer.scaling import Scaling

# Whether an update is made: of a turn, after so many images; True where it is finite here.
Judge = Callable[["Turn", int, Tensor], bool]


class PhaseLoss(nn.Module):
    """A phase with its networks: what Accelerate prepares, so that gradients travel between
    processes while the backward pass still runs."""

    def __init__(self, phase: Phase) -> None:
        super().__init__()
        self.phase, self.networks = phase, nn.ModuleList(phase.modules)

    def forward(self, *arguments: Any) -> tuple[Tensor | None, dict[str, Tensor]]:
        """The weighted sum of the phase's loss, and its terms without their graph.

        An ablation may leave nothing that has a weight, and then there is no sum. Without arguments
        the sum is zero and of all that is trained: its backward pass adds nothing to gradients that
        are there, and has them averaged.
        """
        if not arguments:
            trained = [p.flatten()[0] for p in self.parameters() if p.requires_grad]
            return 0.0 * torch.stack(trained).sum(), {}
        losses = self.phase.loss(*arguments)
        weighted = [term.value * term.weight for term in losses.values() if term.weight != 0]
        terms = {name: term.value.detach() for name, term in losses.items()}
        return torch.stack(weighted).sum() if weighted else None, terms


class Turn:
    """What the loop does with one phase. Nothing here waits for the device but a judge, if any."""

    def __init__(
        self,
        phase: Phase,
        settings: Scheduled,
        ranks: Ranks,
        stats: Stats,
        optimiser: torch.optim.Optimizer | None = None,
    ) -> None:
        """`stats` gets every term of the losses and the norm of the gradients. `optimiser`: of the
        phase that this one shares it with; without one it gets its own.
        """
        self.phase, self.settings, self.ranks, self.stats = phase, settings, ranks, stats
        self.trained = [p for p in phase.parameters() if p.requires_grad]
        self._later = {id(p) for module in phase.later for p in module.parameters()}
        self._frozen: set[int] = set()  # of those, while they are
        self.optimiser = optimiser or settings.build(phase.parameters())
        self.recorder = Recorder(ranks.device)
        self.judge: Judge | None = None
        self.scaling: Scaling | None = None  # of its losses, in float16
        self._bare = PhaseLoss(phase)
        self._loss: nn.Module | None = None  # as Accelerate wraps it
        self._terms: list[Named] = []
        self._good = torch.ones((), dtype=torch.bool, device=ranks.device)

    def begin(self, images: int) -> None:
        """Before a step, after so many images: what trains later is frozen, or no longer.

        An optimiser leaves alone what has no gradient: its moments begin where training does.
        """
        waiting = images < self.phase.start
        self._frozen = self._later if waiting else set()
        for module in self.phase.later:
            module.train(not waiting)

    def require_gradients(self, wanted: bool) -> None:
        """Whether what this phase trains asks for gradients; what is frozen never does."""
        for parameter in self.trained:
            parameter.requires_grad_(wanted and id(parameter) not in self._frozen)

    @property
    def all_finite(self) -> tuple[Tensor, Tensor]:
        """Whether every loss and every gradient since the recorder was cleared is finite, and
        whether the weights and running statistics of this phase are."""
        return self.recorder.finite, self.weights_finite

    @property
    def weights_finite(self) -> Tensor:
        """Whether all weights that are trained here and all running statistics are finite."""
        buffers = [buffer for module in self.phase.modules for buffer in module.buffers()]
        state = [tensor for tensor in (*self.trained, *buffers) if tensor.is_floating_point()]
        return torch.stack([self._good, *(tensor.isfinite().all() for tensor in state)]).all()

    def prepare(self) -> nn.Module:
        """The phase as Accelerate wraps it. All processes call this together, and before a step
        has a graph: they get the weights of the first one in place."""
        if self._loss is None:
            self.require_gradients(True)
            self._loss = self.ranks.prepare(self._bare)
        return self._loss

    def backward(
        self, shared: Any, step: Step | None, repeat: int, parts: int = 1, last: bool = True
    ) -> None:
        """Back-propagate the loss of one of `parts` of a batch; keep every term. With the `last`
        one, gradients become the mean over processes."""
        loss = self.prepare()
        # The reducer takes for used what an earlier phase has used of the weights that they share,
        # and finds weights that a loss made of gradients (R1) reaches and gives none.
        once = last and self.phase.shares is None
        with nullcontext() if once else self.ranks.accelerator.no_sync(loss):
            with self.ranks.autocast():
                total, terms = loss(shared, step, repeat)
            self._terms += terms.items()
            if total is None:
                self._loss = self._bare  # no reducer waits for what never comes
                return
            alone = self.ranks.accelerator.num_processes == 1
            assert alone or loss is not self._bare, "a term without weight has got one"
            self._good = self._good & total.detach().isfinite()
            self._terms.append(("loss", total.detach()))
            share = total / parts
            (share if self.scaling is None else self.scaling.scale(share)).backward()
        if last and not once and loss is not self._bare:
            without = [parameter for parameter in self.trained if parameter.grad is None]
            loss()[0].backward()
            for parameter in without:  # zero is no gradient: Adam would move it by its momentum
                parameter.grad = None

    def update(self, images: int) -> None:
        """Measure and bound gradients, set the rate, step; note every term, unless the judge leaves
        this update out.

        The norm that is noted is that of all gradients, before any bound, in their own size.
        """
        parameters = [p for p in self.trained if p.grad is not None]
        terms, good, scaling = self._terms, self._good, self.scaling
        self._terms, self._good = [], torch.ones_like(good)
        if parameters:
            if scaling is not None:
                scaling.unscale(self.optimiser)
            norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
            # A finite loss may have gradients that are not.
            good = good & (norm.isfinite() if scaling is None else scaling.is_known(norm))
            self.recorder.note(images, terms, norm, good)
            if self.judge is not None and not self.judge(self, images, good):
                if scaling is not None:
                    scaling.pass_over()
                self.optimiser.zero_grad(set_to_none=True)
                return
        for name, value in terms:
            self.stats.add(f"{self.phase.name}/{name}", value)
        if not parameters:
            return
        counts = None if scaling is None else norm.isfinite()  # one that overflowed is no norm
        self.stats.add(f"{self.phase.name}/gradient_norm", norm, counts)
        if self.settings.clip is not None:
            modules = self.phase.clip or self.phase.modules
            bounded = [p for module in modules for p in module.parameters()]
            torch.nn.utils.clip_grad_norm_(bounded, self.settings.clip)
        for group in self.optimiser.param_groups:
            self.settings.apply(group, images)
        if scaling is None:
            self.optimiser.step()
        else:
            scaling.step(self.optimiser, norm)
        self.optimiser.zero_grad(set_to_none=True)


def turns_of(
    phases: Iterable[Phase], settings: Mapping[str, Scheduled], ranks: Ranks, stats: Stats
) -> list[Turn]:
    """A turn for each phase; one that shares an optimiser gets that of the phase it names."""
    turns: dict[str, Turn] = {}
    for phase in phases:
        owner = turns[phase.shares] if phase.shares else None
        optimiser = owner.optimiser if owner else None
        chosen = settings[phase.shares or phase.name]
        turns[phase.name] = Turn(phase, chosen, ranks, stats, optimiser)
    return list(turns.values())


def optimisers_of(turns: Iterable[Turn]) -> dict[str, torch.optim.Optimizer]:
    """By the name of the phase that each belongs to."""
    return {turn.phase.name: turn.optimiser for turn in turns if turn.phase.shares is None}


def keep_layout(optimiser: torch.optim.Optimizer) -> None:
    """Moments in memory as their parameters are (channels last): a checkpoint has plain tensors."""
    for parameter, state in optimiser.state.items():
        for name, value in state.items():
            if parameter.dim() == 4 and value.shape == parameter.shape:
                state[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


def let_train(wanted: Iterable[Turn], turns: Iterable[Turn]) -> None:
    """Only what the `wanted` ones of all `turns` train asks for gradients."""
    for turn in turns:
        turn.require_gradients(False)
    for turn in wanted:
        turn.require_gradients(True)
