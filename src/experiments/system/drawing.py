"""A system that only draws: it has the networks that `sample` needs, and memory for no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from experiments.config.build import build
from experiments.config.target import NO_TEXT
from experiments.run.fact import facts_of_run
from experiments.run.folder import run_config
from experiments.run.limit import require_sizes, within_limits
from experiments.run.pretrained import without_pretrained
from experiments.system.base import System
from experiments.terminal.error import UserError


class LeftOut(nn.Module):
    """In place of a network that only training or scores need."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def forward(self, *arguments: Any) -> NoReturn:
        """Raises `UserError`."""
        raise UserError(f"{self.path}: a model that was loaded to draw has no such network")


class Unfilled(TorchFunctionMode):
    """Initial weights are not drawn where nothing would hold them; PyTorch would load its compiler
    for some of them, which takes seconds."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if getattr(func, "__name__", "") in ("normal_", "uniform_", "trunc_normal_"):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def on_paper(place: Path) -> System:
    """The system of a run folder, or of an export, with shapes and without numbers. Raises
    `UserError` where its configuration makes none, or one beyond all bounds."""
    config = run_config(place)
    require_sizes(place, config)
    node = without_pretrained(config, "system")["system"]
    dim = (node.get("generator") or {}).get("text_dim", 0)
    if "encoder" in node and node["encoder"] is None and dim:  # released without it
        node = node | {"encoder": {"_target_": NO_TEXT, "dim": dim}}
    with within_limits(place), torch.device("meta"), Unfilled():
        system: System = build(node, facts_of_run(place), path="system")
    return system


def names_in(modules: Mapping[str, nn.Module]) -> list[str]:
    """Of all tensors of modules by their group, as an export names them."""
    found = [f"{group}.{name}" for group, module in modules.items() for name in module.state_dict()]
    for path, carrier in carriers(modules):
        found += [f"{path}.{name}" for name in carrier.carried.state_dict()]
    return found


def carriers(modules: Mapping[str, nn.Module]) -> Iterator[tuple[str, Any]]:
    """Modules with a network that a folder or a package carries and no state has, each with the
    path of that network in an export."""
    for group, module in modules.items():
        for path, part in module.named_modules():
            if getattr(part, "carried", None) is not None:
                yield ".".join(filter(None, (group, path, "carried"))), part


def to_draw(system: System) -> System:
    """The system without what `sample` does not need."""
    kept = system.drawing()

    def walk(module: nn.Module, above: str) -> None:
        for name, child in list(module.named_children()):
            path = f"{above}{name}"
            needed = any(path == one or path.startswith(f"{one}.") for one in kept)
            if needed or not child.state_dict():  # what has no weights says how captions are read
                continue
            if any(one.startswith(f"{path}.") for one in kept):
                walk(child, f"{path}.")
            elif isinstance(module, nn.ModuleList | nn.Sequential):
                module[int(name)] = LeftOut(path)
            else:
                setattr(module, name, LeftOut(path))

    walk(system, "")
    return system


def fill(modules: Mapping[str, nn.Module], export: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Give modules that have no numbers those of an export. It must fit: `require_fit`. What is
    carried elsewhere and not in the export is read there; raises `UserError` without it."""
    for group, module in modules.items():
        ours, theirs = module.state_dict(), export.get(group, {})
        wanted = {name: theirs[name].to(tensor.dtype) for name, tensor in ours.items()}
        module.load_state_dict(wanted, assign=True)
    flat = {f"{group}.{name}": t for group, state in export.items() for name, t in state.items()}
    for path, part in carriers(modules):
        here = {n.removeprefix(f"{path}."): t for n, t in flat.items() if n.startswith(f"{path}.")}
        part.take_carried(here or part.read_carried())
