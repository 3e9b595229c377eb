"""The columns of a table of others, and which of them is what: told by features, or by name.

A feature is what `datasets` says a column holds. A field of a structure is a column of its own, by
a dotted name (`json.caption`), which is used where it is named and never found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from experiments.file.name import shown
from experiments.terminal.error import UserError

Kind = Literal["image", "sound", "clip", "text", "texts", "label", "whole", "bytes", "other"]
Role = Literal["image", "sound", "clip", "caption", "label", "split"]
NONE = "none"  # data.reader.label=none: there is one, and it is not used
# What a role is found by, and what else it may be named for: a file's bytes, or a path to it.
FOUND: dict[Role, tuple[Kind, ...]] = {
    "image": ("image",),
    "sound": ("sound",),
    "clip": ("clip",),
    "caption": ("text", "texts"),
    "label": ("label",),
    "split": (),
}
NAMED: dict[Role, tuple[Kind, ...]] = {
    "image": ("image", "bytes", "text"),
    "sound": ("sound", "bytes", "text"),
    "clip": ("clip", "bytes", "text"),
    "caption": ("text", "texts"),
    "label": ("label", "whole", "text"),
    "split": ("text", "label"),
}
SHOWN = 30  # columns that a line lists


@dataclass(frozen=True)
class Column:
    """`names`: of the classes, where it is a label by its feature."""

    name: str
    kind: Kind
    names: tuple[str, ...] = ()

    @property
    def inner(self) -> bool:
        """Whether it is a field of a structure."""
        return "." in self.name and not self.whole_name

    whole_name: bool = False  # a column whose own name has a dot


@dataclass(frozen=True)
class Roles:
    """The column of each role, None where there is none."""

    image: Column | None = None
    sound: Column | None = None
    clip: Column | None = None
    caption: Column | None = None
    label: Column | None = None
    split: Column | None = None

    def names(self, *roles: Role) -> list[str]:
        """Of the columns of these roles that there are."""
        found = (getattr(self, role) for role in roles)
        return list(dict.fromkeys(column.name for column in found if column is not None))


def columns_of(features: Mapping[str, Any]) -> list[Column]:
    """The columns of `datasets.Features`, fields of structures after each."""
    return list(_columns(features, ""))


def _columns(features: Mapping[str, Any], above: str) -> Iterator[Column]:
    for name, feature in features.items():
        kind, names = _kind(feature)
        dotted = not above and "." in name
        yield Column(f"{above}{name}", kind, names, dotted)
        if isinstance(feature, Mapping) and not dotted:
            yield from _columns(feature, f"{above}{name}.")


def _kind(feature: Any) -> tuple[Kind, tuple[str, ...]]:
    import datasets

    if isinstance(feature, datasets.ClassLabel):
        return "label", tuple(map(str, feature.names or ()))
    for kind, of in (("image", "Image"), ("sound", "Audio"), ("clip", "Video")):
        if isinstance(feature, getattr(datasets, of)):
            return kind, ()  # type: ignore[return-value]
    if isinstance(feature, datasets.Value):
        dtype = str(feature.dtype)
        if "string" in dtype:
            return "text", ()
        if "int" in dtype:
            return "whole", ()
        return ("bytes" if "binary" in dtype else "other"), ()
    inner = getattr(feature, "feature", None)
    if isinstance(feature, list) and len(feature) == 1:
        inner = feature[0]
    if isinstance(inner, datasets.Value) and "string" in str(inner.dtype):
        return "texts", ()
    if isinstance(feature, Mapping) and set(feature) == {"bytes", "path"}:
        return "bytes", ()
    return "other", ()


def roles_of(columns: Iterable[Column], named: Mapping[Role, str | None], where: str) -> Roles:
    """Which column is what. `named`: by the user. Raises `UserError`, which lists the columns, for
    a name that there is none of, and where several columns could be meant."""
    columns = list(columns)
    found: dict[str, Column | None] = {
        role: None if name == NONE else _named(columns, role, name, where)
        for role, name in named.items()
        if name is not None
    }
    for role, kinds in FOUND.items():
        if role not in found:
            found[role] = _found(columns, role, kinds, found, where)
    return Roles(**found)


def _named(columns: list[Column], role: Role, name: str, where: str) -> Column:
    column = next((column for column in columns if column.name == name), None)
    if column is None or column.kind not in NAMED[role]:
        what = "there is no such column" if column is None else f"it holds {_told(column.kind)}"
        raise UserError(f"data.reader.{role}={name}: {what} in {where}; {listed(columns)}")
    return column


def _found(
    columns: list[Column],
    role: Role,
    kinds: tuple[Kind, ...],
    found: Mapping[str, Column | None],
    where: str,
) -> Column | None:
    used = {column.name for column in found.values() if column is not None}
    fits = [
        column
        for column in columns
        if column.kind in kinds
        and not column.inner
        and column.name not in used
        and not column.name.startswith("__")
    ]
    if len(fits) > 1:
        raise UserError(
            f"data.reader.{role}: {' or '.join(column.name for column in fits)} in {where} could "
            f"be meant; name one by data.reader.{role}=COLUMN, or none by data.reader.{role}={NONE}"
            f"; {listed(columns)}"
        )
    return fits[0] if fits else None


def listed(columns: Iterable[Column]) -> str:
    """The columns with what they hold, for the end of a line."""
    told = [
        f"{shown(column.name)[1:-1]} ({_told(column.kind)})"
        for column in columns
        if not column.name.startswith("__")
    ]
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return f"its columns are {', '.join(told[:SHOWN])}{more}" if told else "it has no columns"


def _told(kind: Kind) -> str:
    return {"whole": "whole numbers", "other": "something else", "bytes": "bytes"}.get(
        kind, {"texts": "a list of texts"}.get(kind, f"a {kind}".replace("a image", "an image"))
    )
