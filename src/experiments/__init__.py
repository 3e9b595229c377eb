"""Birdsong: text to images with GANs. `load("outputs/...")` gives a trained model that samples.

Rooms, each importing only what stands below it (a test holds that):

    the way of a command   __main__, command, question, usage: to jobs; --help and --cfg
                           config/     from conf/ and overrides to a checked configuration
                           study/      sweeps/NAME.yaml and several values: a list of jobs
                           launch/     who does a task; jobs in processes of their own, launchers
    a run                  run/        its folder, id, lock, checkpoints, weights, what it builds on
                           trainer/    the loop and all around it, from an empty folder to scores
                           tracker/    W&B, trackio, TensorBoard
                           sample/     task=sample: a trained run as a model, sheets of pictures
                           export/     task=export: the model card, the folder, the hub
                           app/        task=app: a page, a window or a Space to say it and look
    what it is made of     data/ encoder/ generator/ discriminator/ style/ layer/ loss/ system/
                           optim/ metric/
                           frontend/  sound in files, and from sound to features
                           clip/      video files in and out, and what networks take of them
    many runs              search/ report/ human/ plan/ convert/ clean/
    the ground             terminal/   what the person at the terminal is told and presses
                           file/       files read within bounds, and written whole or not at all
                           machine/    cores, GPUs, SLURM, the processes of a job, precision

Beside the rooms, the folder `shipped` has trained networks that come along, and no code.

Importing this package imports nothing heavy: `run.py --help` and every error in a configuration
answer before torch is loaded.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import experiments.run as run
    from experiments.export.pretrained import Model, load
    from experiments.sample.style import load_style, transfer_sheet
    from experiments.terminal.error import UserError

__version__ = "0.1.0"
__all__ = ["Model", "UserError", "load", "load_style", "run", "transfer_sheet"]

_HOMES = {
    "Model": "experiments.export.pretrained",
    "UserError": "experiments.terminal.error",
    "load": "experiments.export.pretrained",
    "load_style": "experiments.sample.style",
    "transfer_sheet": "experiments.sample.style",
}


def __getattr__(name: str) -> Any:
    if name == "run":  # a room that can be called
        return importlib.import_module("experiments.run")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'experiments' has no attribute {name!r}")
