"""The house: five files at the root, rooms on floors, imports one way only, no circle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import experiments
from experiments.config.option import TASKS
from experiments.launch.task import ROWS

ROOT = Path(experiments.__file__).parent
# Each line imports only what stands below it, or what BESIDE says.
FLOORS = """
__main__ question command usage
search
launch plan
app
trainer report human clean
sample export
system metric tracker convert
run encoder
data study loss style
frontend clip
config machine generator discriminator
file
terminal layer optim
"""
BESIDE = {
    *(("__main__", "question"), ("__main__", "command")),
    *(("question", "command"), ("question", "usage")),
    ("launch", "plan"),  # the table of tasks names what shows a plan
    ("export", "sample"),  # a model in Python can be given to others
}
NAMED = re.compile(r"experiments(?:\.\w+)+(?=:\w)")  # "module:function" of the table of tasks


def module_of(path: Path) -> str:
    parts = ["experiments", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    return {module_of(path): path for path in ROOT.rglob("*.py")}


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module of this project that is imported or named, inside functions as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in modules() else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from NAMED.findall(node.value)


@cache
def graph() -> dict[str, set[str]]:
    """What each module imports. The package itself only hands on, lazily, what others have."""
    found = {}
    for name, path in modules().items():
        names = set(imported(ast.parse(path.read_text()))) & modules().keys()
        found[name] = names - {name, "experiments"} if name != "experiments" else set()
    return found


def circle(arrows: Mapping[str, set[str]]) -> list[str]:
    """Names that go round in one, or none."""
    try:
        list(TopologicalSorter(arrows).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def between_rooms() -> dict[str, set[str]]:
    rooms: dict[str, set[str]] = {}
    for module, targets in graph().items():
        rooms.setdefault(room(module), set()).update(map(room, targets))
    return {name: targets - {name} for name, targets in rooms.items()}


def test_five_files_stand_at_the_root() -> None:
    found = {path.name for path in ROOT.glob("*.py")}
    assert found == {"__init__.py", "__main__.py", "command.py", "question.py", "usage.py"}


def test_no_files_import_one_another_in_a_circle() -> None:
    assert circle(graph()) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}), "a circle would be seen"


def test_no_folders_do() -> None:
    assert circle(between_rooms()) == []


def test_rooms_import_what_stands_below_them() -> None:
    floors = [line.split() for line in FLOORS.split("\n") if line]
    height = {name: -number for number, line in enumerate(floors) for name in line}
    wrong = [
        f"{name} -> {target}"
        for name, targets in between_rooms().items()
        for target in targets
        if name != "experiments" and height[target] >= height[name] and (name, target) not in BESIDE
    ]
    assert wrong == []


def test_the_map_names_every_room() -> None:
    told = set(re.findall(r"(\w+)/\s", str(experiments.__doc__))) - {"conf"}
    assert told == {path.parent.name for path in ROOT.glob("*/__init__.py")}


def test_folders_of_tests_are_rooms_or_what_no_room_has() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    others = {"conf", "integration", "fuzz", "hostile", "soak", "slurm", "supply", "benchmarks"}
    found = {path.name for path in Path(__file__).parent.iterdir() if any(path.glob("*.py"))}
    assert found <= rooms | others


def test_the_table_of_tasks_is_what_a_configuration_may_say() -> None:
    assert set(TASKS) == {"report", *ROWS}
    named = {name for name in graph()["experiments.launch.task"] if room(name) in ("human", "plan")}
    assert named, "functions that are named by a text count as imports"
