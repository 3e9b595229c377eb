"""From a command line to jobs: in this process, or in N worker processes of one job."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

from experiments.check import checked_compose
from experiments.config import CONF, build, choices, plain, register
from experiments.errors import UserError
from experiments.terminal import say

QUESTIONS = ("--help", "-h", "--hydra-help", "--version", "--shell-completion", "-sc")
FAILURE = 2


def main(arguments: list[str]) -> int:
    """Run a command line; returns the exit code. User errors are lines, never tracebacks."""
    arguments = [_quoted(argument) for argument in arguments]
    sys.argv[1:] = arguments
    failures: list[str] = []
    try:
        if not any(argument in QUESTIONS for argument in arguments):
            _check(arguments)
        register()
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(
            lambda cfg: _job(cfg, failures)
        )()
    except UserError as error:
        say("\n".join(f"error: {line}" for line in str(error).splitlines()))
        return FAILURE
    except KeyboardInterrupt:
        say("stopped; the same command goes on from the last checkpoint")
        return 130
    for line in failures:
        say(f"error: {line}")
    return FAILURE if failures else 0


def _quoted(argument: str) -> str:
    """`text=a red bird, with a crest` needs no quotes inside the quotes of the shell."""
    key, equals, value = argument.partition("=")
    if key != "text" or not equals or value[:1] in ("'", '"', "["):
        return argument
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'text="{escaped}"'


def _check(arguments: list[str]) -> None:
    """Every job of the command line, before any starts. Raises `UserError` for all mistakes."""
    overrides = [a for a in arguments if not a.startswith("-")]
    skip = {"--cfg", "-c", "--info", "-i", "--package", "-p", "--config-name", "-cn"}
    overrides = [
        a for a in overrides if arguments.index(a) == 0 or arguments[arguments.index(a) - 1] not in skip
    ]
    jobs = [overrides]
    if {"-m", "--multirun"} & set(arguments):
        parsed = OverridesParser.create().parse_overrides(overrides)
        jobs = BasicSweeper.split_arguments(parsed, None)[0]
    problems: list[str] = []
    asks = any(argument in ("--cfg", "-c", "--info", "-i") for argument in arguments)
    for job in jobs:
        try:
            cfg = checked_compose(job)
            if not asks and cfg.task == "train":
                build(plain(cfg)["data"]["reader"]).check()
            if not asks and cfg.task != "train" and cfg.run is None:
                raise UserError(f"run: task={cfg.task} needs run=outputs/<model>-<data>/<id>")
        except UserError as error:
            problems += str(error).splitlines()
    if problems:
        raise UserError("\n".join(dict.fromkeys(problems)))


def _job(cfg: DictConfig, failures: list[str]) -> None:
    with open_dict(cfg):
        cfg.hydra = OmegaConf.create({"runtime": {"choices": HydraConfig.get().runtime.choices}})
    config, chosen = plain(cfg), choices(cfg)
    sweep = HydraConfig.get().mode is not None and HydraConfig.get().mode.name == "MULTIRUN"
    if sweep:
        config["tracker"]["group"] = config["tracker"]["group"] or "sweep"
    try:
        dispatch(config, chosen, list(HydraConfig.get().overrides.task))
    except UserError as error:
        if not sweep:
            raise
        failures.append(f"{' '.join(HydraConfig.get().overrides.task)}: {error}")


def dispatch(config: dict[str, Any], chosen: dict[str, str], overrides: list[str]) -> None:
    """Do what `task` says, in this process or in several."""
    if config["task"] == "sample":
        from experiments.sample import sample_to_folder

        sample_to_folder(config)
    elif config["launch"]["num_processes"] > 1 and "RANK" not in os.environ:
        _spawn(config, chosen, overrides)
    else:
        from experiments.execute import execute

        execute(config, chosen, overrides)


def _spawn(config: dict[str, Any], chosen: dict[str, str], overrides: list[str]) -> None:
    """Start the ranks and wait. A worker's user error comes back through a file."""
    processes = config["launch"]["num_processes"]
    with tempfile.TemporaryDirectory(prefix="birdsong-") as folder:
        job, failure = Path(folder) / "job.json", Path(folder) / "failure"
        job.write_text(json.dumps({"config": config, "choices": chosen, "overrides": overrides}))
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command += ["--nproc_per_node", str(processes), "-m", "experiments.worker", str(job)]
        environment = {"OMP_NUM_THREADS": "1", **os.environ}
        with subprocess.Popen(command, env=environment) as child:

            def forward(number: int, frame: FrameType | None) -> None:
                if number == signal.SIGTERM:  # the terminal sends SIGINT to the whole group itself
                    child.send_signal(number)

            before = {n: signal.signal(n, forward) for n in (signal.SIGINT, signal.SIGTERM)}
            try:
                code = child.wait()
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
        if failure.exists():
            raise UserError(failure.read_text())
        if code != 0:
            raise UserError(
                f"launch.num_processes={processes}: a process ended with exit code {code}; what it "
                "said is above. The same command goes on from the last checkpoint"
            )
