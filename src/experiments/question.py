"""Command lines that ask for something and train nothing: `--help`, and what Hydra answers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import hydra
from omegaconf import DictConfig, OmegaConf

from experiments.command import Command
from experiments.config import outside
from experiments.config.compose import register
from experiments.config.override import checked_compose
from experiments.config.place import CONF
from experiments.study.command import study_of
from experiments.terminal.line import show
from experiments.terminal.program import called
from experiments.terminal.stream import write
from experiments.usage import usage


def show_help() -> int:
    show(usage().replace("python run.py", called()))
    return 0


def question(command: Command) -> Callable[[], int]:
    """What answers it: of the first job where there are several."""
    overrides, options = command.overrides, command.flags
    if not (options.hydra_help or options.shell_completion):
        several = options.multirun or "study" in command.said
        overrides = study_of(overrides).jobs[0].overrides if several else overrides
        cfg = checked_compose(overrides)
        if options.cfg == "job" and not options.package:
            return partial(show_config, cfg, options.resolve)
    if options.hydra_help:
        return partial(ask_hydra, ["--hydra-help"])
    if not (options.cfg or options.info):
        return partial(ask_hydra, command.arguments)
    flags = [f"--cfg={options.cfg}"] if options.cfg else [f"--info={options.info}"]
    flags += ["--resolve"] if options.resolve else []
    flags += ["--package", options.package] if options.package else []
    return partial(ask_hydra, [*overrides, *outside.searchpath(), *flags])


def show_config(cfg: DictConfig, resolve: bool) -> int:
    """As Hydra's `--cfg job`, which would compose once more."""
    OmegaConf.set_struct(cfg, False)
    cfg.pop("hydra")
    write("stdout", OmegaConf.to_yaml(cfg, resolve=resolve))
    return 0


def ask_hydra(arguments: list[str]) -> int:
    """What Hydra says of a configuration."""
    register()
    sys.argv[1:] = arguments
    hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(lambda cfg: None)()
    return 0
