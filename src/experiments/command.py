"""The words of a command line, and what is wrong with them."""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hydra._internal.utils import get_args_parser

from experiments import __version__
from experiments.config import outside
from experiments.config.key import key_of, values
from experiments.config.option import SEVERAL
from experiments.config.override import NAMES, RUN_ID, is_override, parse_sweep, with_ids
from experiments.terminal.error import UserError
from experiments.terminal.secret import require_none

HYDRA = ("hydra.launcher.", "hydra.sweep.dir")  # what a study may say to Hydra itself
SEARCHPATH = "hydra.searchpath"
LISTS = {"run": SEVERAL, "answers": ("human_rank",)}  # keys of tasks that read several


@dataclass(frozen=True)
class Command:
    """One command line: its words, Hydra's flags, and the overrides as Hydra reads them."""

    arguments: list[str]
    flags: argparse.Namespace
    overrides: list[str]

    @property
    def help(self) -> bool:
        return bool(self.flags.help)

    @property
    def is_question(self) -> bool:
        """Asks Hydra for something, and trains nothing."""
        flags = self.flags
        return bool(flags.hydra_help or flags.shell_completion or flags.cfg or flags.info)

    @cached_property
    def said(self) -> dict[str, str]:
        """What it says of each key, without quotes and prefixes."""
        return said(self.overrides)

    @property
    def several(self) -> bool:
        """Whether it is of several runs: a study, or several values."""
        return self.flags.multirun or bool({"study", "budget"} & self.said.keys())


def read(arguments: list[str]) -> Command:
    """A command line, read once for all. Raises `UserError` for flags that there are not, for
    secrets, and for keys of Hydra's own that decide nothing here."""
    flags = _parser().parse_intermixed_args(arguments)
    if flags.config_name or flags.config_path:
        raise UserError(
            "--config-name: a study of sweeps/ is chosen with -m study=NAME; --config-dir DIR adds "
            "a folder of options"
        )
    if flags.experimental_rerun:
        raise UserError("--experimental-rerun: the same command goes on where it stopped")
    overrides = [*map(with_ids, listed([quoted(override) for override in flags.overrides]))]
    require_none(overrides)
    outside.begin([*_config_dir(arguments, flags.config_dir), *_searchpath(overrides)])
    overrides = [text for text in overrides if key_of(text) != SEARCHPATH]
    command = Command(arguments, flags, overrides)
    if not (command.help or command.is_question):
        _require_own(overrides)
    return command


def _config_dir(arguments: list[str], given: str | None) -> list[tuple[str, str]]:
    """The folder of `--config-dir`, beside the flag's name."""
    times = sum(word.partition("=")[0] in ("--config-dir", "-cd") for word in arguments)
    if times > 1:
        raise UserError(f"--config-dir: is given {times} times; {SEARCHPATH}=[A,B] takes several")
    return [] if given is None else [("--config-dir", given)]


def _searchpath(overrides: list[str]) -> list[tuple[str, str]]:
    """The folders of `hydra.searchpath`, each beside the key."""
    asked = [text for text in overrides if key_of(text) == SEARCHPATH]
    value = parse_sweep(asked)[-1].value() if asked else []
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in found):
        raise UserError(f"{asked[-1]}: must be a list of folders, as {SEARCHPATH}=[DIR]")
    return [(SEARCHPATH, str(item)) for item in found]


def called() -> str:
    """How this program was started, for those who are told to start it again."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None and spec.name == "experiments.__main__":
        return "python -m experiments"
    return "birdsong" if Path(sys.argv[0]).name == "birdsong" else "python run.py"


def _parser() -> argparse.ArgumentParser:
    parser = get_args_parser()

    def refuse(message: str) -> None:
        raise UserError(f"{message}; {called()} --help says what there is")

    for action in parser._actions:  # Hydra's parser, which says Hydra's version
        if action.dest == "version":
            action.version = f"birdsong {__version__}"  # type: ignore[attr-defined]
    parser.error = refuse  # type: ignore[method-assign,assignment]
    return parser


def said(overrides: list[str]) -> dict[str, str]:
    """What overrides say of each key, without quotes and prefixes."""
    return {key: value.strip("'\"") for key, value in values(overrides).items()}


def _require_own(overrides: list[str]) -> None:
    """Raise `UserError` for keys of Hydra that decide nothing here, or what is none of ours."""
    names = [key_of(item) for item in overrides]
    problems = [
        f"{name}: decides nothing here; of Hydra's own keys set hydra/launcher and hydra.launcher.*"
        for name in names
        if name.split(".")[0].split("/")[0] == "hydra"
        and not (name == "hydra/launcher" or name.startswith(HYDRA))
    ]
    problems += [
        f"{name}: cannot be changed; hydra/launcher=NAME chooses a launcher"
        for name in names
        if name.startswith("hydra.launcher._")
    ]
    if problems:
        raise UserError("\n".join(problems))


def quoted(argument: str) -> str:
    """`text=a red bird, with a crest` needs no quotes inside the quotes of the shell, nor does a
    path such as `data.root=~/birds`."""
    key, equals, value = argument.partition("=")
    path = value.startswith(("/", "~/", "./", "../")) and not is_override(argument)
    free = value[:1] not in ("'", '"', "[")
    text = key in ("text", "+text", "++text") and free
    variant = key == "variant" and free and not is_override(argument)
    run = key_of(argument).rpartition(".")[2] in NAMES and RUN_ID.fullmatch(value) is not None
    if not equals or not (path or text or variant or run):
        return argument
    if text and not value.isprintable():  # read as ASCII, where the locale says no more
        value = os.fsencode(value).decode("utf-8", "replace")
    # Hydra reads backslashes only where a quote follows.
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', value)
    escaped += "\\" * (len(escaped) - len(escaped.rstrip("\\")))
    return f'{key}="{escaped}"'


def listed(overrides: list[str]) -> list[str]:
    """`run=a,b` as `run=[a,b]` where the task reads several, so that it is no sweep."""
    task = said(overrides).get("task")
    found = []
    for text in overrides:
        key, _, value = text.partition("=")
        read = task in LISTS.get(key, ())
        several = read and "," in value and value[:1] not in ("[", "'", '"')
        if several and not Path(value).exists():
            items = [
                part if is_override(f"{key}={part}") else f'"{part}"'
                for part in value.split(",")
                if part
            ]
            text = f"{key}=[{','.join(items)}]"
        found.append(text)
    return found
