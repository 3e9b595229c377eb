"""One forward pass of everything on tensors that have shapes and no numbers, before data are
opened: what a class that was just written gets wrong is then a line in the first seconds, and no
traceback after minutes.

It takes two seconds, so it is for code that no test of Birdsong has seen: classes of one's own
packages, and those of a clone that its commit has not.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

import experiments
from experiments.config.build import build
from experiments.config.outside import is_own
from experiments.config.target import targets_in
from experiments.data.batches import Batch
from experiments.data.view.base import held_in
from experiments.data.view.caption import CaptionView
from experiments.generator.base import Generator, GeneratorOutput
from experiments.run.code import place_of
from experiments.run.fact import of_networks
from experiments.run.patch import NO_GIT, git
from experiments.system import paper
from experiments.system.base import System
from experiments.system.drawing import Unfilled
from experiments.system.paper import WithoutNumbers, without_numbers
from experiments.system.seeding import Step
from experiments.terminal.error import UserError, reason_of

ROWS = 4  # of the batch
ATTRIBUTES = {"crown": 12, "pose": 3}
# What data would tell networks: a little of everything, as it is asked before there are any.
FACTS = of_networks(91, ATTRIBUTES, 24, ["crown"], ["crown"], ["pose"])
SOURCE = Path(experiments.__file__).parent
OURS = (Path(__file__), Path(paper.__file__))  # of what goes wrong, these only look on


def require_fit(config: Mapping[str, Any]) -> None:
    """Raise `UserError` where networks that nobody has tried cannot be built, called, or used as
    their system does."""
    if is_untried(config):
        _dry_run(config)


def is_untried(config: Mapping[str, Any]) -> bool:
    """Whether a configuration names a class of one's own package, or one of a clone in a file that
    its commit has otherwise, or not at all."""
    targets = {str(target) for target in targets_in(config.get("system"))}
    if any(is_own(target) for target in targets):
        return True
    files = {place_of(target.rpartition(".")[0]) for target in targets} - {None}
    with suppress(*NO_GIT):
        if files and git(SOURCE, "ls-files", "--", "__init__.py").strip():
            names = map(str, sorted(files, key=str))
            return bool(git(SOURCE, "status", "--porcelain", "--", *names).strip())
    return False


def _dry_run(config: Mapping[str, Any]) -> None:
    with Unfilled():  # constructors may look at numbers
        system: System = build(config["system"], FACTS, "system", lambda *asked: None)
    data, fake = config["data"], FakeTensorMode(allow_non_fake_inputs=True)
    captions = [view.most(data) for view in system.views() if isinstance(view, CaptionView)]
    longest = max(captions, default=0)
    with warnings.catch_warnings(), WithoutNumbers(longest), fake, torch.no_grad():
        warnings.simplefilter("ignore")
        system._apply(without_numbers)
        system.train()
        for path, module in system.named_modules():
            if isinstance(module, Generator):
                module.register_forward_hook(_Contract(path))
        try:
            _step(system, data)
        except UserError:
            raise
        except Exception as error:  # whatever code of others does
            raise UserError(_told(error, system)) from error


def _step(system: System, data: Mapping[str, Any]) -> None:
    """What `Training.step` calls of a system, without gradients."""
    rows, labels = (torch.zeros(ROWS, dtype=torch.int64) for _ in range(2))
    batch = Batch(rows, labels, torch.zeros(ROWS, len(ATTRIBUTES), dtype=torch.int64))
    views = held_in(system.views(), torch.float32)
    batch = replace(batch, views={view.name: view.blank(ROWS, data) for view in views})
    step = Step(0, 0, ROWS, slice(0, ROWS), torch.device("cpu"))
    shared = system.prepare(batch, step)
    for phase in system.phases():
        step.begin(phase.name, 0)
        phase.loss(shared, step, 0)


class _Contract:
    """What a generator gives, against what it says that it gives."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(self, module: Generator, given: Any, made: Any) -> None:
        who = f"{self.path}: {_name(module)}"
        if not isinstance(made, GeneratorOutput):
            raise UserError(f"{who}: forward must return a GeneratorOutput, not {_kind(made)}")
        sides = [int(side) for side in module.resolutions]
        found = [tuple(image.shape) for image in made.images]
        wanted = [(*shape[:2], side, side) for shape, side in zip(found, sides, strict=False)]
        if len(found) != len(sides) or any(len(shape) != 4 for shape in found) or found != wanted:
            told = ", ".join(" x ".join(map(str, shape)) for shape in found) or "none"
            raise UserError(
                f"{who}: its pictures are {told} for a batch of {ROWS}, and its resolutions say "
                f"{', '.join(f'{side} x {side}' for side in sides)}"
            )


def _told(error: Exception, system: System) -> str:
    """What went wrong, in which network, and where in the code that calls it or is it."""
    paths = {id(module): path for path, module in system.named_modules()}
    path, place = "system", ""
    owner: type[nn.Module] = type(system)
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = frame.f_locals.get("self")
        if isinstance(module, nn.Module) and id(module) in paths:
            path, owner = paths[id(module)] or "system", type(module)
        file = Path(frame.f_code.co_filename)
        if "torch" not in file.parts and file not in OURS:
            place = f"{'/'.join(file.parts[-2:])}:{line}"
    name = f"{owner.__module__}.{owner.__qualname__}"
    return f"{path}: {name} does not fit: {reason_of(error)} ({place})"


def _name(module: nn.Module) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"


def _kind(made: Any) -> str:
    """What somebody returned, in words."""
    if isinstance(made, Tensor):
        return "a Tensor"
    return type(made).__name__
