"""Signatures of what a configuration names, read from source with `ast`.

Nothing is imported, so checking a whole configuration takes milliseconds and no torch.
"""

from __future__ import annotations

import ast
import dataclasses
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from experiments.config.target import TARGETS

SCALARS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "None": (type(None),),
}
SEQUENCES = ("list", "List", "Sequence", "tuple")


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One parameter of a signature: its annotation with aliases replaced, whether it must be given,
    and the module that the names in its annotation are of."""

    annotation: ast.expr | None
    required: bool
    module: str = ""


@cache
def _module(name: str) -> ast.Module | None:
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    relative = name.split(".")[1:]
    spec = find_spec(name.split(".")[0])
    if spec is None or not spec.submodule_search_locations:
        return None
    base = Path(next(iter(spec.submodule_search_locations))).joinpath(*relative)
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        if file.is_file():
            return ast.parse(file.read_text(encoding="utf-8"))
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
    """Parameters of the constructor of a class, or None where there is no such class.

    What it takes as `**options` are the parameters of its base.
    """
    module_name, _, name = target.rpartition(".")
    module = _module(module_name)
    if module is None:
        return None
    for statement in module.body:
        if isinstance(statement, ast.ClassDef) and statement.name == name:
            bases = (signature(f"{module_name}.{base}") for base in _bases(statement))
            inherited = next(filter(None, bases), {})
            for item in statement.body:
                if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                    own = _parameters(module_name, item.args)
                    return inherited | own if item.args.kwarg else own
            return inherited or {
                item.target.id: Parameter(
                    _expand(module_name, item.annotation), item.value is None, module_name
                )
                for item in statement.body
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            }
    found = _imported(module, name)
    return signature(".".join(found)) if found and found[0].startswith(TARGETS) else None


def _class(target: str) -> tuple[str, ast.ClassDef] | None:
    """Where a class is defined, imports followed, and its source; None for what is none of ours."""
    module_name, _, name = target.rpartition(".")
    module = _module(module_name) if target.startswith(TARGETS) else None
    if module is None:
        return None
    for statement in module.body:
        if isinstance(statement, ast.ClassDef) and statement.name == name:
            return target, statement
    found = _imported(module, name)
    return _class(".".join(found)) if found else None


@cache
def ancestors(target: str) -> tuple[str, ...]:
    """A class of this project and those that it is made of, each as "module.Name"."""
    found = _class(target)
    if found is None:
        return ()
    home = found[0].rpartition(".")[0]
    above = [name for base in _bases(found[1]) for name in ancestors(f"{home}.{base}")]
    return found[0], *above


def _bases(source: ast.ClassDef) -> list[str]:
    """The names of what a class is made of: `Base` of `Base[Part]`."""
    bases = (base.value if isinstance(base, ast.Subscript) else base for base in source.bases)
    return [ast.unparse(base) for base in bases]


def defines(target: str, method: str) -> bool:
    """Whether a class, or one that it is made of, has a method of its own of this name."""
    for name in ancestors(target):
        _, source = _class(name) or ("", None)
        body = source.body if source else []
        if any(isinstance(item, ast.FunctionDef) and item.name == method for item in body):
            return True
    return False


@cache
def trained(target: str) -> tuple[str, ...]:
    """The names of the phases of a system that have an optimiser of their own, in order."""
    found: dict[str, None] = {}
    for name in ancestors(target):
        _, source = _class(name) or ("", None)
        for call in ast.walk(source) if source else ():
            if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "Phase" and call.args):
                continue
            first, shares = call.args[0], any(word.arg == "shares" for word in call.keywords)
            if isinstance(first, ast.Constant) and not shares:
                found[str(first.value)] = None
    return tuple(found)


def is_one(target: str, parameter: Parameter) -> bool:
    """Whether an object of a class can be what a parameter's annotation names; True where that
    cannot be told."""

    def named(annotation: ast.expr) -> list[str]:
        if isinstance(annotation, ast.BinOp):
            return named(annotation.left) + named(annotation.right)
        return [ast.unparse(annotation)]

    if parameter.annotation is None:
        return True
    wanted = [name for name in named(parameter.annotation) if name not in SCALARS]
    known = [_class(f"{parameter.module}.{name}") for name in wanted]
    if not wanted or any(found is None for found in known):
        return bool(wanted)
    return any(found[0] in ancestors(target) for found in known if found)


def _parameters(module: str, arguments: ast.arguments) -> dict[str, Parameter]:
    positional = arguments.args[1:]
    defaults = len(arguments.defaults)
    found = {
        argument.arg: Parameter(
            _expand(module, argument.annotation), index < len(positional) - defaults, module
        )
        for index, argument in enumerate(positional)
    }
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        expanded = _expand(module, argument.annotation)
        found[argument.arg] = Parameter(expanded, default is None, module)
    return found


def _expand(module_name: str, annotation: ast.expr | None) -> ast.expr | None:
    """Replace a name such as `Norm = Literal[...]` by what it stands for."""
    if isinstance(annotation, ast.BinOp):
        left, right = (_expand(module_name, x) for x in (annotation.left, annotation.right))
        assert left is not None and right is not None
        return ast.BinOp(left, annotation.op, right)
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) in SEQUENCES:
        inner = _expand(module_name, annotation.slice)
        assert inner is not None
        return ast.Subscript(annotation.value, inner)
    if not isinstance(annotation, ast.Name) or annotation.id in SCALARS:
        return annotation
    module = _module(module_name)
    if module is None:
        return annotation
    for statement in module.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == annotation.id:
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
        if allowed is None:  # a class: what is built has a node of its own
            return annotation.id in ("Any", "object") or isinstance(value, dict | list)
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


def options(annotation: ast.expr) -> list[str]:
    """The values of a `Literal`, in any part of a union or for the items of a list; else none."""
    if isinstance(annotation, ast.BinOp):
        return options(annotation.left) + options(annotation.right)
    if not isinstance(annotation, ast.Subscript):
        return []
    inner, kind = annotation.slice, ast.unparse(annotation.value)
    if kind in SEQUENCES and not isinstance(inner, ast.Tuple):
        return options(inner)
    if kind == "Literal":
        elements = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        return [str(item.value) for item in elements if isinstance(item, ast.Constant)]
    return []
