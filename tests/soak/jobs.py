"""Many runs in one Python process, one after the other, through `trainer/perform.py`.

python -m tests.soak.jobs COUNT OVERRIDE...: after each run a line of JSON on stdout, what this
process and its children hold.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from dataclasses import asdict

from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.trainer.perform import perform
from tests.soak.process_tree import look

# A weight of a loss is an arm of its own: another run, on the same data and prerequisites.
ARM = "loss.damsm.weight"
TRACKERS = ("wandb", "tensorboard")


def main(count: int, overrides: list[str]) -> None:
    began = time.monotonic()
    for number in range(count):
        tracker = TRACKERS[number % len(TRACKERS)]
        arm = [*overrides, f"{ARM}={number + 1}", f"tracker={tracker}"]
        cfg = checked_compose(arm)
        perform(plain(cfg), choices(cfg), arm)
        gc.collect()  # what waits for the collector is no leak
        held = look(os.getpid(), time.monotonic() - began)
        assert held is not None
        sys.stdout.write(json.dumps(asdict(held)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
