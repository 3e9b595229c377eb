"""Find every mistake of a command line at once, without importing what it names.

Signatures are read from source with `ast`, so the check takes milliseconds and no torch.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.config import CONF, FACTS, OPTIONS, TARGETS, compose
from experiments.errors import UserError

TASKS = ("train", "evaluate", "sample")
SCALARS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "None": (type(None),),
}
SEQUENCES = ("list", "List", "Sequence", "tuple")


def suggest(name: str, known: list[str]) -> str:
    """'; did you mean x?', or the list where nothing is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are: {', '.join(sorted(known))}" if known else ""


def checked_compose(overrides: list[str]) -> DictConfig:
    """Compose; raise one `UserError` with a line for each mistake where there is any."""
    good, problems = _sort_overrides(overrides)
    try:
        cfg = compose(good)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UserError("\n".join([*problems, _first_line(error)])) from None
    problems += check(cfg)
    if problems:
        raise UserError("\n".join(problems))
    return cfg


def check(cfg: DictConfig) -> list[str]:
    """A line for each thing in a composed configuration that cannot work."""
    cfg = cfg.copy()
    OmegaConf.set_struct(cfg, False)
    cfg.pop("hydra", None)
    known = {*_base_names(), *_groups()}
    problems = [
        f"{name}: no such key at the top{suggest(str(name), sorted(known))}"
        for name in cfg
        if name not in known
    ]
    try:
        resolved = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    except (OmegaConfBaseException, ValueError) as error:
        return [*problems, _first_line(error)]
    assert isinstance(resolved, dict)
    problems += _check_options(resolved)
    for group in ("data", "encoder", "generator", "discriminator", "loss", "optim", "metric"):
        problems += _check_node(resolved.get(group), group)
    problems += _check_node(resolved.get("system"), "system", deep=False)
    return list(dict.fromkeys(problems))


# Overrides


def _sort_overrides(overrides: list[str]) -> tuple[list[str], list[str]]:
    """Those that Hydra can apply, and a line for each of the others."""
    parser = OverridesParser.create()
    groups, values, problems = [], [], []
    for text in overrides:
        try:
            override = parser.parse_override(text)
        except HydraException:
            problems.append(f"{text}: not of the form key=value; put quotes around special signs")
            continue
        name = override.key_or_group
        if (CONF / name).is_dir() and not name.startswith("hydra") and not override.is_delete():
            problem = _check_choice(override)
            problems += [problem] if problem else []
            groups += [] if problem else [text]
        else:
            values.append((text, override))
    base = compose(groups)
    good = list(groups)
    for text, override in values:
        problem = _check_value(base, text, override)
        if problem:
            problems.append(problem)
        else:
            good.append(text)
    return good, problems


def _check_choice(override: Override) -> str | None:
    name, value = override.key_or_group, override.value()
    options = sorted(file.stem for file in (CONF / name).glob("*.yaml"))
    if not isinstance(value, str) or value in options or value in ("null",):
        return None
    return f"{name}={value}: no such {name.rpartition('/')[2]}{suggest(value, options)}"


def _check_value(base: DictConfig, text: str, override: Override) -> str | None:
    name = override.key_or_group
    if name.startswith("hydra"):
        return None
    node: Any = base
    parts = name.split(".")
    for depth, part in enumerate(parts):
        keys = [str(key) for key in node] if isinstance(node, DictConfig) else []
        if depth == 0:
            keys = sorted({*keys, *_groups()} - {"hydra"})
        if part not in keys:
            if depth > 0 and override.is_add():
                return None  # new keys below a known name: the signature decides
            where = ".".join(parts[:depth])
            place = f"{where} has no such key" if where else "no such key"
            return f"{name}: {place}{suggest(part, keys)}"
        node = node._get_node(part) if isinstance(node, DictConfig) else None
        if isinstance(node, DictConfig) and node._is_interpolation():
            node = base.select(".".join(parts[: depth + 1])) if hasattr(base, "select") else node
    try:
        copy = base.copy()
        OmegaConf.update(copy, name, override.value(), force_add=override.is_add())
    except (OmegaConfBaseException, ValueError) as error:
        return f"{text}: {_first_line(error)}"
    return None


def _groups() -> list[str]:
    return [folder.name for folder in CONF.iterdir() if folder.is_dir() and folder.name != "hydra"]


@cache
def _base_names() -> tuple[str, ...]:
    return tuple(str(name) for name in compose([]) if name != "hydra")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    key = getattr(error, "full_key", None)
    line = lines[0] if lines else type(error).__name__
    return f"{key}: {line}" if key and key not in line else line


# Options


def _check_options(resolved: dict[str, Any]) -> Iterator[str]:
    for group, options in OPTIONS.items():
        for item in dataclasses.fields(options):  # type: ignore[arg-type]
            value, allowed = resolved[group].get(item.name), item.metadata.get("choices")
            if allowed and value not in allowed:
                yield f"{group}.{item.name}={value}: choose one of {', '.join(allowed)}"
    trainer, launch = resolved["trainer"], resolved["launch"]
    for key in ("images", "batch", "accumulate", "log_every", "sample_every", "evaluate_every"):
        if trainer[key] < 1:
            yield f"trainer.{key}={trainer[key]}: must be at least 1"
    if trainer["checkpoint_every"] < 1 or trainer["keep"] < 1:
        yield "trainer.checkpoint_every and trainer.keep must be at least 1"
    if launch["num_processes"] < 1:
        yield f"launch.num_processes={launch['num_processes']}: must be at least 1"
    elif trainer["batch"] % (launch["num_processes"] * max(1, trainer["accumulate"])):
        yield (
            f"trainer.batch={trainer['batch']}: must be a multiple of launch.num_processes x "
            f"trainer.accumulate = {launch['num_processes'] * trainer['accumulate']}"
        )
    if resolved.get("task") not in TASKS:
        yield f"task={resolved.get('task')}: {suggest(str(resolved.get('task')), list(TASKS))[2:]}"
    seed = resolved.get("seed")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        yield f"seed={seed}: must be a whole number from 0"


# Signatures


def _check_node(node: Any, path: str, deep: bool = True) -> Iterator[str]:
    if not isinstance(node, dict):
        return
    target = node.get("_target_")
    if target is not None:
        yield from _check_target(str(target), node, path)
    if deep:
        for key, value in node.items():
            yield from _check_node(value, f"{path}.{key}")


def _check_target(target: str, node: dict[str, Any], path: str) -> Iterator[str]:
    if not target.startswith(TARGETS):
        yield f"{path}._target_={target}: only {TARGETS[0]}* can be built"
        return
    parameters = signature(target)
    if parameters is None:
        yield f"{path}._target_={target}: there is no such class"
        return
    given = {str(key): value for key, value in node.items() if key not in ("_target_", "pretrained")}
    for key, value in given.items():
        if key not in parameters:
            name = target.rpartition(".")[2]
            yield f"{path}.{key}: {name} takes no such argument{suggest(key, list(parameters))}"
            continue
        parameter = parameters[key]
        if parameter.annotation is not None and not fits(value, parameter.annotation):
            yield f"{path}.{key}={value!r}: must be {ast.unparse(parameter.annotation)}"
    for key, parameter in parameters.items():
        if parameter.required and key not in given and key not in FACTS:
            yield f"{path}.{key}: is missing"


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One parameter of a signature: its annotation with aliases replaced, and whether it must be
    given."""

    annotation: ast.expr | None
    required: bool


@cache
def _module(name: str) -> ast.Module | None:
    relative = name.split(".")[1:]
    spec = find_spec(name.split(".")[0])
    if spec is None or not spec.submodule_search_locations:
        return None
    base = Path(next(iter(spec.submodule_search_locations))).joinpath(*relative)
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        if file.is_file():
            return ast.parse(file.read_text())
    return None


def _imported(module: ast.Module, name: str) -> tuple[str, str] | None:
    for statement in module.body:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                if (alias.asname or alias.name) == name:
                    return str(statement.module), alias.name
    return None


@cache
def signature(target: str) -> dict[str, Parameter] | None:
    """Parameters of a class's constructor or of a function, or None where there is no such thing."""
    module_name, _, name = target.rpartition(".")
    module = _module(module_name)
    if module is None:
        return None
    for statement in module.body:
        if isinstance(statement, ast.ClassDef) and statement.name == name:
            for item in statement.body:
                if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                    return _parameters(module_name, item.args)
            for base in statement.bases:
                inherited = signature(f"{module_name}.{ast.unparse(base)}")
                if inherited:
                    return inherited
            return {
                item.target.id: Parameter(_expand(module_name, item.annotation), item.value is None)
                for item in statement.body
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            }
    found = _imported(module, name)
    return signature(".".join(found)) if found and found[0].startswith(TARGETS) else None


def _parameters(module: str, arguments: ast.arguments) -> dict[str, Parameter]:
    positional = arguments.args[1:]
    defaults = len(arguments.defaults)
    found = {
        argument.arg: Parameter(
            _expand(module, argument.annotation), index < len(positional) - defaults
        )
        for index, argument in enumerate(positional)
    }
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found[argument.arg] = Parameter(_expand(module, argument.annotation), default is None)
    return found


def _expand(module_name: str, annotation: ast.expr | None) -> ast.expr | None:
    """Replace a name such as `Norm = Literal[...]` by what it stands for."""
    if isinstance(annotation, ast.BinOp):
        left, right = (_expand(module_name, x) for x in (annotation.left, annotation.right))
        assert left is not None and right is not None
        return ast.BinOp(left, annotation.op, right)
    if not isinstance(annotation, ast.Name) or annotation.id in SCALARS:
        return annotation
    module = _module(module_name)
    if module is None:
        return annotation
    for statement in module.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            if statement.targets[0].id == annotation.id:
                return _expand(module_name, statement.value)
    found = _imported(module, annotation.id)
    if found and found[0].startswith(TARGETS):
        return _expand(found[0], ast.Name(found[1]))
    return annotation


def fits(value: Any, annotation: ast.expr) -> bool:
    """Whether a plain value can be what the annotation says; True where that cannot be told."""
    if isinstance(annotation, ast.BinOp):
        return fits(value, annotation.left) or fits(value, annotation.right)
    if isinstance(annotation, ast.Constant):
        return value is annotation.value if annotation.value is None else True
    if isinstance(annotation, ast.Name):
        allowed = SCALARS.get(annotation.id)
        if allowed is None:
            return True
        return isinstance(value, allowed) and (bool in allowed or not isinstance(value, bool))
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
        inner = annotation.slice
        if annotation.value.id == "Literal":
            options = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return value in [x.value for x in options if isinstance(x, ast.Constant)]
        if annotation.value.id in SEQUENCES:
            first = inner.elts[0] if isinstance(inner, ast.Tuple) else inner
            return isinstance(value, list) and all(fits(item, first) for item in value)
    return True
