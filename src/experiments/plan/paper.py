"""A training step on paper: the product's own, with tensors that have shapes and no numbers."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._pytree import tree_leaves

from experiments.config.build import build
from experiments.data.batches import Batch
from experiments.data.view.base import held_in
from experiments.data.view.caption import CaptionView
from experiments.machine.rank import Ranks
from experiments.machine.setup import memory_format, text_features
from experiments.plan.facts import DataFacts
from experiments.plan.live import Tally
from experiments.run.prerequisite import Run
from experiments.run.reference import Origin
from experiments.system.base import System
from experiments.system.paper import WithoutNumbers, without_numbers
from experiments.system.seeding import Step
from experiments.trainer.dry import require_fit
from experiments.trainer.fixed import Fixed
from experiments.trainer.training import Training
from experiments.trainer.turn import Turn, optimisers_of

# fp16 takes the memory and the time of bf16; there are no numbers to scale on paper.
PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.bfloat16, "fp32": torch.float32}


@dataclass(frozen=True)
class Needs:
    """Of one process in one step of `share` images, of `processes`: FLOPs (a multiply and an add
    are two), operators that are no views, and bytes: `held` between steps, `peak` within one,
    `reduced` by the all-reduce of gradients, `gathered` from the others. Phases that are not due in
    every step count for their share."""

    share: int
    processes: int
    flops: float
    operators: float
    held: int
    peak: int
    reduced: float
    gathered: float


@dataclass(frozen=True)
class Held:
    """Bytes of what a run consists of, `gradients` of the phase that has most, and of its files."""

    weights: int
    gradients: int
    moments: int
    average: int
    checkpoint: int
    export: int


class OneOfMany(Ranks):
    """One process of a job whose others are not there: it counts what they would exchange."""

    def __init__(self) -> None:
        super().__init__("cpu")
        self.reduced = self.gathered = 0

    def prepare(self, module: nn.Module) -> nn.Module:
        return module

    def count(self, turn: Turn, images: int, good: Tensor) -> bool:
        """All gradients of an update, each of which the others have as well."""
        if self.processes > 1:
            self.reduced += size(parameter.grad for parameter in turn.trained)
        return True


class LonelyStep(Step):
    """A step in which the rows of the others are copies of this process's own."""

    ranks: OneOfMany

    def gather(self, rows: Tensor) -> Tensor:
        others = self.processes - 1
        self.ranks.gathered += others * rows.nbytes
        return rows if not others else torch.cat([rows, *([rows.detach()] * others)])


class PaperTraining(Training):
    """Training whose views are made where they are needed, out of nothing."""

    def to_device(self, batch: Batch) -> Batch:
        data = self.run.config["data"]
        views = held_in(self.system.views(), self.features)
        blank = {view.name: view.blank(len(batch), data) for view in views}
        return replace(batch, views=blank)

    def what_is_fixed(self) -> Fixed:
        return PaperFixed(self.system, self.turns)

    def split(self, batch: Batch) -> list[tuple[Batch, Step]]:
        assert isinstance(self.ranks, OneOfMany)
        found: list[tuple[Batch, Step]] = []
        for part, _ in super().split(batch):
            rows = slice(0, len(part))
            step = LonelyStep(
                self.seed, self.place, self.batch, rows, self.ranks.device, self.ranks.processes
            )
            step.ranks = self.ranks
            found.append((part, step))
        return found


class PaperFixed(Fixed):
    """What files would not repeat, of tensors without numbers."""

    def digest(self, name: str, tensor: Tensor) -> str:
        return "on paper"


class Paper:
    """A run on paper. Its memory is that of its shapes: whatever its widths, it fits anywhere."""

    def __init__(self, run: Run, facts: DataFacts) -> None:
        """Raises `UserError` for networks that cannot be built, or that nobody has tried and that
        do not fit."""
        require_fit(run.config)
        config: dict[str, Any] = copy.deepcopy(run.config)
        config["trainer"]["nonfinite"] = "stop"  # another policy looks at numbers
        # `auto` is bf16 on every GPU that is planned for.
        wanted = config["trainer"]["precision"]
        self.precision = "bf16" if wanted == "auto" else str(wanted)
        self.facts, self.accumulate = facts, int(config["trainer"]["accumulate"])
        self.tally, self.ranks = Tally(), OneOfMany()
        self._fake = FakeTensorMode(allow_non_fake_inputs=True)
        with warnings.catch_warnings(), torch.device("meta"):
            warnings.simplefilter("ignore")  # of weights that are not copied, as there are none
            self.system: System = build(config["system"], facts.of_networks(), "system", _came)
            layout = memory_format(config["trainer"]["channels_last"], self.ranks.device)
            self.system.to(memory_format=layout)  # type: ignore[call-overload]
        dtype = PRECISIONS[self.precision]
        features = text_features(config["trainer"]["text_features"], dtype)
        self.views = held_in(self.system.views(), features)
        captions = [
            view.most(config["data"]) for view in self.views if isinstance(view, CaptionView)
        ]
        self.longest = max(captions, default=0)  # nothing else is asked for its numbers
        with self._modes():
            self.system._apply(without_numbers)
            self.system.train()
            settings = build(config["optim"], None, "optim")
            self.training = PaperTraining(
                replace(run, config=config),
                self.ranks,
                self.system,
                None,  # type: ignore[arg-type]
                settings,
                dtype,
                features=features,
            )
            for turn in self.training.turns:
                turn.judge = self.ranks.count
            self._update_once()

    @contextmanager
    def _modes(self) -> Iterator[None]:
        with WithoutNumbers(self.longest), self._fake, self.tally:
            yield

    def _update_once(self) -> None:
        """So that optimisers have the moments that they keep."""
        for turn in self.training.turns:
            for parameter in turn.trained:
                parameter.grad = torch.zeros_like(parameter)
            turn.update(0)

    def parameters(self) -> dict[str, int]:
        """By network."""
        return {name: count(module) for name, module in self.system.named_children()}

    def trained(self) -> set[str]:
        """The networks that have something to train."""
        wanted = {id(p) for turn in self.training.turns for p in turn.trained}
        named = self.system.named_children()
        return {name for name, module in named if wanted & {id(p) for p in module.parameters()}}

    def held(self) -> Held:
        """What lies in memory between two steps, and on the disk."""
        training = self.training
        moments = [o.state_dict() for o in optimisers_of(training.turns).values()]
        system, export = training.system.state_dict(), training.ema.state_dict()
        averaged = [module.state_dict() for module in training.ema.averaged.values()]
        kept = training.fixed.without(Path(), system=system, export=export)
        copies = [kept["export"][name] for name in training.ema.averaged]  # the rest stands once
        return Held(
            weights=size(tree_leaves(system)),
            gradients=max((size(turn.trained) for turn in training.turns), default=0),
            moments=size(tree_leaves(moments)),
            average=size(tree_leaves(averaged)),
            checkpoint=size(tree_leaves([kept["system"], copies, moments])),
            export=size(tree_leaves(kept["export"])),
        )

    def step(self, share: int, processes: int = 1) -> Needs:
        """What a step of `share` images a process needs; `share` is a multiple of `accumulate`."""
        assert share % self.accumulate == 0
        training, ranks, tally = self.training, self.ranks, self.tally
        training.batch, ranks.processes = share * processes, processes
        period = math.lcm(*(turn.phase.interval for turn in training.turns))
        rest = max(turn.phase.rest for turn in training.turns)
        first = period * math.ceil(rest / (training.batch * period))  # all phases have begun
        seen: dict[tuple[str, ...], tuple[int, ...]] = {}
        peak, sums = 0, [0, 0, 0, 0]
        with self._modes():
            held = tally.live
            for place in range(period):
                due = tuple(
                    turn.phase.name for turn in training.turns if place % turn.phase.interval == 0
                )
                if due not in seen:
                    training.images = (first + place) * training.batch
                    tally.peak, tally.flops, tally.operators = tally.live, 0, 0
                    ranks.reduced = ranks.gathered = 0
                    training.step(self._batch(share))
                    training.advance()
                    seen[due] = tally.flops, tally.operators, ranks.reduced, ranks.gathered
                    peak = max(peak, tally.peak)
                sums = [total + part for total, part in zip(sums, seen[due], strict=True)]
        flops, operators, reduced, gathered = (total / period for total in sums)
        buckets = sum(size(turn.trained) for turn in training.turns) if processes > 1 else 0
        held, peak = held + buckets, peak + buckets  # of gradients that travel
        return Needs(share, processes, flops, operators, held, peak, reduced, gathered)

    def encoding(self, view: CaptionView) -> float:
        """FLOPs of one caption in the encoder of a view, which is frozen."""
        count, longest = 2, view.most(self.training.run.config["data"])
        before, encoder = self.tally.flops, view.encoder
        assert encoder is not None
        # oneDNN's recurrent layers are one operator, whose FLOPs no formula counts.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of TF32, which is not used
            with torch.backends.mkldnn.flags(enabled=False), self._modes(), torch.no_grad():
                tokens, lengths = torch.zeros(count, longest).long(), torch.full((count,), longest)
                encoder.encode_text(tokens, lengths)  # type: ignore[operator]
        return (self.tally.flops - before) / count

    def _batch(self, count: int) -> Batch:
        """As `Batches` hands it over, but for what its views give, which comes on the device."""
        attributes = len(self.facts.attribute_values)
        rows, labels = (torch.zeros(count, dtype=torch.int64) for _ in range(2))
        return Batch(rows, labels, torch.zeros(count, attributes, dtype=torch.int64))


def count(module: nn.Module) -> int:
    """Parameters of a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def size(tensors: Iterable[Any]) -> int:
    """Bytes of the tensors among some values."""
    return sum(tensor.nbytes for tensor in tensors if isinstance(tensor, Tensor))


def _came(module: nn.Module, *_: Any) -> None:
    """As `load_pretrained` marks what it gives weights to."""
    module.came_from = Origin(Path("run", "weights", "file"))  # type: ignore[assignment]
