"""What a rank does for `task=train` and `task=evaluate`."""

from __future__ import annotations

import os
from typing import Any

from experiments.machine.rank import Ranks, check_launcher
from experiments.machine.setup import set_up
from experiments.machine.thread import processes_here
from experiments.machine.told import lone_task
from experiments.run.prerequisite import Run, plan
from experiments.terminal.line import say_once
from experiments.trainer.evaluate import evaluate_run
from experiments.trainer.execute import train_with_prerequisites


def perform(
    config: dict[str, Any],
    chosen: dict[str, str],
    overrides: list[str],
    wait: bool = False,
    run: Run | None = None,
) -> None:
    """Train the run of a configuration, or evaluate one that is there. `wait`: for its folder,
    where another process holds it. `run`: the one to train, where it is planned already.

    Raises `Stopped` where the user stopped it: what was done is saved.
    """
    launch = config["launch"]
    check_launcher(os.environ, int(launch["num_processes"]))
    if line := lone_task(os.environ, int(launch["num_processes"])):
        say_once(line)
    set_up(launch, processes_here())
    ranks = Ranks(launch["device"], launch["comm_hook"], int(launch["bucket_mb"]))
    if config["task"] == "evaluate":
        evaluate_run(config, overrides, ranks)
    else:
        assert config["task"] == "train", config["task"]
        run = run or plan(config, chosen, overrides)
        train_with_prerequisites(run, ranks, wait=wait)
