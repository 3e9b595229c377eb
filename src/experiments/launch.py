"""From a command line to jobs: in this process, or in N worker processes of one job."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from experiments.check import checked_compose, is_override, parse_sweep
from experiments.config import CONF, build, choices, plain, register
from experiments.errors import UserError, as_user_error, suggest
from experiments.interrupt import Stopped
from experiments.prerequisite import Run, plan
from experiments.request import drawing_of, evaluation_config, run_folder, with_run
from experiments.terminal import say, show
from experiments.worker import FAILURE, JOB, PID, STOPPED

USER_ERROR = 2


def main(arguments: list[str]) -> int:
    """Run a command line; returns the exit code. User errors are lines, never tracebacks."""
    failures: list[str] = []
    try:
        options = _parse(arguments)
        if options.help:
            from experiments.usage import usage

            show(usage())
            return 0
        given = set(options.overrides)
        options.overrides = with_run([_quoted(override) for override in options.overrides])
        jobs, varied = _jobs(options)
        if not _is_question(options):
            _check(options, jobs)
        register()
        # Hydra's parser wants the overrides side by side.
        flags = [argument for argument in arguments if argument not in given]
        sys.argv[1:] = [*options.overrides, *flags]
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(
            lambda cfg: _job(cfg, failures, len(jobs), f"sweep {varied}".strip())
        )()
        if "RANK" in os.environ and not failures:  # started by torchrun
            from experiments.ranks import leave

            leave()
    except UserError as error:
        failures += str(error).splitlines()
    except KeyboardInterrupt as stop:
        if not isinstance(stop, Stopped):
            say("stopped; the same command goes on from the last checkpoint")
        return stop.code if isinstance(stop, Stopped) else 128 + signal.SIGINT
    for line in failures:
        say(f"error: {line}")
    return USER_ERROR if failures else 0


# The command line


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = get_args_parser()

    def refuse(message: str) -> None:
        raise UserError(f"{message}; python run.py --help says what there is")

    parser.error = refuse  # type: ignore[method-assign,assignment]
    return parser.parse_intermixed_args(arguments)


def _is_question(options: argparse.Namespace) -> bool:
    """Asks Hydra for something that no configuration can spoil."""
    return bool(options.hydra_help or options.shell_completion)


def _quoted(argument: str) -> str:
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


def _jobs(options: argparse.Namespace) -> tuple[list[list[str]], str]:
    """The overrides of each job of the command line, and what these vary."""
    overrides = options.overrides
    hydra_node = _file_of_study(options).get("hydra") or {}
    if not options.multirun and hydra_node.get("mode") != RunMode.MULTIRUN.name:
        return [overrides], ""
    params = (hydra_node.get("sweeper") or {}).get("params") or {}
    parsed = parse_sweep([*(f"{key}={value}" for key, value in params.items()), *overrides])
    varied = dict.fromkeys(item.key_or_group for item in parsed if item.is_sweep_override())
    return BasicSweeper.split_arguments(parsed, None)[0], " ".join(varied)


def _file_of_study(options: argparse.Namespace) -> dict[str, Any]:
    """What `--config-dir=sweeps --config-name=stages` names; empty where nothing is named."""
    if not options.config_dir and not options.config_name:
        return {}
    folder = Path(options.config_dir or CONF)
    if not folder.is_dir():
        raise UserError(f"--config-dir={folder}: there is no such folder")
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    name = str(options.config_name or "config").removesuffix(".yaml")
    if name not in names and name != "config":
        raise UserError(f"--config-name={name}: {folder} has no such file{suggest(name, names)}")
    path = folder / f"{name}.yaml"
    content = OmegaConf.to_container(OmegaConf.load(path)) if path.is_file() else {}
    return {str(key): value for key, value in dict(content).items()}  # type: ignore[arg-type]


def _check(options: argparse.Namespace, jobs: list[list[str]]) -> None:
    """Every job of the command line, before any starts. Raises `UserError` for all mistakes."""
    problems: list[str] = []
    asks = bool(options.cfg or options.info)
    for job in jobs[:1] if asks else jobs:
        try:
            cfg = checked_compose(job)
            if asks:
                continue
            if cfg.task == "train":
                build(plain(cfg)["data"]["reader"], path="data.reader").check()
                plan(plain(cfg), choices(cfg), job)
            elif cfg.task == "sample":
                drawing_of(plain(cfg))
            else:
                evaluation_config(run_folder(cfg), job)
        except UserError as error:
            problems += str(error).splitlines()
    if problems:
        raise UserError("\n".join(dict.fromkeys(problems)))


# Jobs


def _job(cfg: DictConfig, failures: list[str], jobs: int, group: str) -> None:
    hydra_config = HydraConfig.get()
    overrides = list(hydra_config.overrides.task)
    with open_dict(cfg):
        cfg.hydra = OmegaConf.create({"runtime": {"choices": hydra_config.runtime.choices}})
    config, chosen = plain(cfg), choices(cfg)
    if hydra_config.mode == RunMode.MULTIRUN:
        config["tracker"]["group"] = config["tracker"]["group"] or group
        say(f"job {hydra_config.job.num + 1} of {jobs}: {' '.join(overrides)}")
    try:
        dispatch(config, chosen, overrides)
    except Exception as error:
        known = as_user_error(error)
        if known is None:
            raise
        failures.append(f"{' '.join(overrides)}: {known}" if jobs > 1 else str(known))


def dispatch(config: dict[str, Any], chosen: dict[str, str], overrides: list[str]) -> None:
    """Do what `task` says, in this process or in several."""
    if config["task"] == "sample":
        from experiments.drawn import draw_to_folder

        draw_to_folder(config)
        return
    if config["task"] == "train":
        run = plan(config, chosen, overrides)
        if run.finished:
            _say_finished(run)
            return
    if config["launch"]["num_processes"] > 1 and "RANK" not in os.environ:
        _spawn(config, chosen, overrides)
    else:
        from experiments.task import perform

        perform(config, chosen, overrides)


def _say_finished(run: Run) -> None:
    from experiments.finished import show_scores

    say(f"{run.folder} is finished; raise trainer.images to train on")
    show_scores(run)


def _spawn(config: dict[str, Any], chosen: dict[str, str], overrides: list[str]) -> None:
    """Start the ranks and wait. What a rank has to say to the user comes back through files."""
    processes = config["launch"]["num_processes"]
    signals: list[int] = []
    with tempfile.TemporaryDirectory(prefix="birdsong-") as name:
        folder = Path(name)
        job = {"config": config, "choices": chosen, "overrides": overrides}
        (folder / JOB).write_text(json.dumps(job))
        command = [sys.executable, "-m", "experiments.worker", str(folder / JOB)]
        environment = {"OMP_NUM_THREADS": "1", **os.environ}
        # A session of its own: Ctrl-C reaches the ranks once, from here.
        child = subprocess.Popen(command, env=environment, start_new_session=True)

        def forward(number: int, frame: FrameType | None) -> None:
            signals.append(number)
            ranks = [int(path.name.removeprefix(PID)) for path in folder.glob(f"{PID}*")]
            for rank in ranks:
                with suppress(ProcessLookupError):
                    os.kill(rank, number)
            if not ranks:
                child.kill()

        before = {n: signal.signal(n, forward) for n in (signal.SIGINT, signal.SIGTERM)}
        try:
            code = child.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if (folder / FAILURE).exists():
            raise UserError((folder / FAILURE).read_text())
        if (folder / STOPPED).exists() or (signals and code != 0):
            raise Stopped(signals[0] if signals else signal.SIGTERM)
        if code != 0:
            raise UserError(
                f"launch.num_processes={processes}: a process ended with exit code {code}; what it "
                "said is above. The same command goes on from the last checkpoint"
            )
