"""Signatures of what a configuration names, read from source with `ast`.

Nothing is imported, so checking a whole configuration takes milliseconds and no torch.
"""

from __future__ import annotations

import ast
import dataclasses
from functools import cache
from typing import Any

from experiments.config.outside import home_of, is_allowed
from experiments.terminal.error import UserError

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
    """The source of a module; None where there is none. Raises `UserError` where it is no
    Python."""
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    top, *inside = name.split(".")
    home = home_of(top)
    if home is None or (inside and home.is_file()):
        return None
    base = home.joinpath(*inside)
    files = (home,) if home.is_file() else (base.with_suffix(".py"), base / "__init__.py")
    for file in files[0 if inside or home.is_file() else 1 :]:
        if file.is_file():
            try:
                return ast.parse(file.read_bytes(), filename=str(file))
            except (SyntaxError, ValueError) as error:
                line = getattr(error, "lineno", None)
                place = f"{file}:{line}" if line else str(file)
                raise UserError(f"{place}: {getattr(error, 'msg', error)}") from None
    return None


def _is_package(name: str) -> bool:
    top, *inside = name.split(".")
    home = home_of(top)
    return home is not None and home.joinpath(*inside, "__init__.py").is_file()


def forget() -> None:
    """What was read so far: more packages may be looked at from now on."""
    for kept in (_module, signature, ancestors, trained):
        kept.cache_clear()


def _imported(module: ast.Module, name: str, home: str) -> tuple[str, str] | None:
    """The module and the name that a name of the module `home` was imported as; `nn.Module` is
    looked for as `nn`."""
    first, _, rest = name.partition(".")
    for statement in module.body:
        if isinstance(statement, ast.ImportFrom):
            source = str(statement.module or "")
            if statement.level:
                levels = statement.level - _is_package(home)
                above = home.split(".")
                source = ".".join([*above[: len(above) - levels], *filter(None, [source])])
            for alias in statement.names:
                if (alias.asname or alias.name) == first:
                    whole = f"{source}.{alias.name}.{rest}".rstrip(".")
                    return whole.rpartition(".")[0], whole.rpartition(".")[2]
        elif isinstance(statement, ast.Import) and rest:
            for alias in statement.names:
                if alias.asname == first:
                    whole = f"{alias.name}.{rest}"
                elif alias.asname is None and name.startswith(f"{alias.name}."):
                    whole = name
                else:
                    continue
                return whole.rpartition(".")[0], whole.rpartition(".")[2]
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
            bases = (signature(_named(module, module_name, base)) for base in _bases(statement))
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
    found = _imported(module, name, module_name)
    return signature(".".join(found)) if found and is_allowed(".".join(found)) else None


def _named(module: ast.Module, home: str, name: str) -> str:
    """What a name in a module stands for, as "module.Name": its own, or one that it imports of what
    a configuration may name."""
    found = ".".join(_imported(module, name, home) or ())
    return found if is_allowed(found) else f"{home}.{name}"


def _class(target: str) -> tuple[str, ast.ClassDef] | None:
    """Where a class is defined, imports followed, and its source; None for what is none of ours."""
    module_name, _, name = target.rpartition(".")
    module = _module(module_name) if is_allowed(target) else None
    if module is None:
        return None
    for statement in module.body:
        if isinstance(statement, ast.ClassDef) and statement.name == name:
            return target, statement
    found = _imported(module, name, module_name)
    return _class(".".join(found)) if found else None


@cache
def ancestors(target: str) -> tuple[str, ...]:
    """A class of this project and those that it is made of, each as "module.Name"."""
    found = _class(target)
    if found is None:
        return ()
    home = found[0].rpartition(".")[0]
    source = _module(home)
    assert source is not None, "the class was found there"
    above = [name for base in _bases(found[1]) for name in ancestors(_named(source, home, base))]
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
    found = _imported(module, annotation.id, module_name)
    if found and is_allowed(".".join(found)):
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
