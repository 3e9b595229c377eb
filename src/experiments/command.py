"""The words of a command line, and what is wrong with them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from hydra._internal.utils import get_args_parser

from experiments.check import is_override
from experiments.composed import SEVERAL
from experiments.errors import UserError

HYDRA = ("hydra.launcher.", "hydra.sweep.dir")  # what a study may say to Hydra itself
LISTS = {"run": SEVERAL, "answers": ("human_rank",)}  # keys of tasks that read several


def parse(arguments: list[str]) -> argparse.Namespace:
    """Hydra's flags, and the overrides as Hydra reads them. Raises `UserError`."""
    parser = get_args_parser()

    def refuse(message: str) -> None:
        raise UserError(f"{message}; python run.py --help says what there is")

    parser.error = refuse  # type: ignore[method-assign,assignment]
    options = parser.parse_intermixed_args(arguments)
    if options.config_dir or options.config_name or options.config_path:
        raise UserError("--config-name: a study of sweeps/ is chosen with -m study=NAME")
    if options.experimental_rerun:
        raise UserError("--experimental-rerun: the same command goes on where it stopped")
    options.overrides = listed([quoted(override) for override in options.overrides])
    return options


def said(overrides: list[str]) -> dict[str, str]:
    """What a command line says of each key, without quotes and prefixes."""
    pairs = (item.lstrip("+").partition("=")[::2] for item in overrides)
    return {key: value.strip("'\"") for key, value in pairs}


def require_own(overrides: list[str]) -> None:
    """Raise `UserError` for keys of Hydra that decide nothing here, or what is none of ours."""
    names = [item.lstrip("+~").partition("=")[0] for item in overrides]
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


def is_question(options: argparse.Namespace) -> bool:
    """Asks Hydra for something, and trains nothing."""
    asks = options.hydra_help or options.shell_completion or options.cfg or options.info
    return bool(asks)


def quoted(argument: str) -> str:
    """`text=a red bird, with a crest` needs no quotes inside the quotes of the shell, nor does a
    path such as `data.root=~/birds`."""
    key, equals, value = argument.partition("=")
    path = value.startswith(("/", "~/", "./", "../")) and not is_override(argument)
    text = key in ("text", "+text", "++text") and value[:1] not in ("'", '"', "[")
    if not equals or not (path or text):
        return argument
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
