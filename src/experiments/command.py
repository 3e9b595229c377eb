"""The words of a command line, and what is wrong with them."""

from __future__ import annotations

import argparse
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hydra._internal.utils import get_args_parser

from experiments import __version__
from experiments.config import outside
from experiments.config.hyphen import without_hyphens
from experiments.config.key import key_of, values
from experiments.config.option import SEVERAL
from experiments.config.override import is_override, parse_sweep, with_ids
from experiments.config.spelling import literal, spelt
from experiments.terminal import verbose
from experiments.terminal.error import UserError
from experiments.terminal.program import help_line
from experiments.terminal.secret import require_none

log = logging.getLogger(__name__)
HYDRA = ("hydra.launcher.", "hydra.sweep.dir")  # what a study may say to Hydra itself
SEARCHPATH = "hydra.searchpath"
SEVERALLY = ("study=", "budget=")  # of several runs without -m as well
SHELL, SHELLS = ("install", "uninstall", "query"), ("bash", "zsh", "fish")
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
    flags = parser.parse_intermixed_args(without_hyphens(arguments, parser._option_string_actions))
    if flags.config_name or flags.config_path:
        flag = "--config-name" if flags.config_name else "--config-path"
        raise UserError(
            f"{flag}: a study of sweeps/ is chosen with -m study=NAME; --config-dir DIR adds "
            "a folder of options"
        )
    if flags.experimental_rerun:
        raise UserError("--experimental-rerun: the same command goes on where it stopped")
    _require_whole(flags)
    require_none(flags.overrides)
    outside.begin([*_config_dir(arguments, flags.config_dir), *_searchpath(flags.overrides)])
    words = [text for text in flags.overrides if key_of(text) != SEARCHPATH]
    several = flags.multirun or any(text.startswith(SEVERALLY) for text in words)
    overrides = [*map(with_ids, listed(spelt(words, several)))]
    command = Command(arguments, flags, _without_verbose(overrides))
    if not (command.help or command.is_question):
        _require_own(command.overrides)
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


def _require_whole(flags: argparse.Namespace) -> None:
    """Raise `UserError` for flags that say nothing without others."""
    if flags.shell_completion:
        said = [text.partition("=")[::2] for text in flags.overrides]
        if len(said) != 1 or said[0][0] not in SHELL or said[0][1] not in SHELLS:
            raise UserError(
                f"--shell-completion: say one of {', '.join(SHELL)} with one of "
                f"{', '.join(SHELLS)}, as -sc install=bash"
            )
    if flags.resolve and not (flags.cfg or flags.help):
        raise UserError("--resolve: computes what --cfg shows; add --cfg job")
    if flags.package and not (flags.cfg or flags.help):
        raise UserError("--package: is a part of what --cfg shows; add --cfg job")


def _without_verbose(overrides: list[str]) -> list[str]:
    """The overrides but `hydra.verbose`, which is obeyed here and is no part of a run."""
    said = [text for text in overrides if key_of(text) == verbose.KEY]
    if not said:
        return overrides
    (last,) = parse_sweep(said[-1:])
    verbose.ask_for(last.value(), said[-1])
    rest = [text for text in overrides if key_of(text) != verbose.KEY]
    log.debug("overrides: %s", " ".join(rest))
    return rest


def _parser() -> argparse.ArgumentParser:
    parser = get_args_parser()

    def refuse(message: str) -> None:
        raise UserError(f"{message}; {help_line()}")

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
        f"{name}: decides nothing here; of Hydra's own keys set hydra/launcher, hydra.launcher.* "
        "and hydra.verbose"
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
