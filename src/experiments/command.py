"""The words of a command line, and what is wrong with them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hydra._internal.utils import get_args_parser

from experiments.config.hyphen import HELP, without_hyphens
from experiments.config.key import key_of, values
from experiments.config.option import SEVERAL
from experiments.config.override import is_override, with_ids
from experiments.config.spelling import literal, spelt
from experiments.terminal.error import UserError
from experiments.terminal.secret import require_none

HYDRA = ("hydra.launcher.", "hydra.sweep.dir")  # what a study may say to Hydra itself
SEVERALLY = ("study=", "budget=")  # of several runs without -m as well
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
    parser = _parser()
    words = without_hyphens(arguments, parser._option_string_actions)
    flags = parser.parse_intermixed_args(words)
    if flags.config_dir or flags.config_name or flags.config_path:
        raise UserError("--config-name: a study of sweeps/ is chosen with -m study=NAME")
    if flags.experimental_rerun:
        raise UserError("--experimental-rerun: the same command goes on where it stopped")
    several = flags.multirun or any(text.startswith(SEVERALLY) for text in flags.overrides)
    overrides = [*map(with_ids, listed(spelt(flags.overrides, several)))]
    require_none(overrides)
    command = Command(arguments, flags, overrides)
    if not (command.help or command.is_question):
        _require_own(overrides)
    return command


def _parser() -> argparse.ArgumentParser:
    parser = get_args_parser()

    def refuse(message: str) -> None:
        raise UserError(f"{message}; {HELP}")

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
                part if is_override(f"{key}={part}") else literal("", part)[1:]
                for part in value.split(",")
                if part
            ]
            text = f"{key}=[{','.join(items)}]"
        found.append(text)
    return found
