"""The modality of docs/view.md, a data set that has it, and a run that trains on it.

python -m tests.data.melodies OUTPUTS IMAGES [STOP]    trains, as one of the processes of a job
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.data.record import Drop, Record
from experiments.data.store.dataset import Dataset
from experiments.machine.rank import Ranks
from experiments.metric.protocol import Protocol
from experiments.metric.result import Result
from experiments.run.prerequisite import Run
from experiments.terminal.error import BadInput
from experiments.trainer.perform import perform

PAGE, NAME = Path(__file__).parents[2] / "docs" / "view.md", "experiments.system.melody"
COUNT, LONGEST = 120, 9


@dataclass
class MelodyData:
    """Records without picture or caption: one to three melodies of 2 to 9 notes, some silent."""

    silent: tuple[int, ...] = ()
    name: str = "melodies"
    has: tuple[str, ...] = ()

    def check(self) -> None:
        return None

    def fingerprint(self) -> str:
        return repr(self.silent)

    def read(self) -> Iterator[Record | Drop]:
        for k in range(COUNT):
            rng = np.random.default_rng(k)
            lengths = rng.integers(2, LONGEST + 1, 1 + k % 3)
            melodies = [(k % 5 + rng.integers(-4, 5, length)).tolist() for length in lengths]
            split: Any = "test" if k % 5 == 0 else "train"
            yield Record(f"song_{k}", (), k % 4, split, more={"melody": melodies})

    def contour(self, record: Record) -> np.ndarray:
        """Eight points of the first melody, an octave being 1."""
        number = int(record.key.split("_")[1])
        if number in self.silent:
            raise BadInput("nothing is heard")
        notes = np.array(record.more["melody"][0], np.float32) / 12
        return np.interp(np.linspace(0, 1, 8), np.linspace(0, 1, len(notes)), notes).astype("f4")

    def class_names(self) -> list[str]:
        return ["a", "b", "c", "d"]

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        return {}


class ContourScore:
    """How far contours of the test split are from the real ones."""

    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        views = {v.name: v.open(dataset, dataset.test, ranks.device) for v in system.views()}
        rows = np.arange(len(dataset.test))
        asked = {"melody": views["melody"].real(rows, ranks.device)}
        with torch.no_grad():
            made = system.sample(asked, rows.tolist()).made["contour"][-1]
        error = (made - views["contour"].real(rows, ranks.device).heights).square().mean()
        protocol = Protocol(len(rows), len(rows), "test", "none", {}, {}, 0, 1)
        return Result({"contour_error/melody": float(error)}, protocol)


def of_the_page() -> ModuleType:
    """The code of the page as a module that a configuration may name, with the data set."""
    if NAME not in sys.modules:
        module = sys.modules[NAME] = ModuleType(NAME)
        blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
        exec(compile("\n\n".join(blocks), PAGE, "exec"), vars(module))
        vars(module).update(MelodyData=MelodyData, ContourScore=ContourScore)
    return sys.modules[NAME]


def melody_run(outputs: Path, images: int, **trainer: Any) -> Run:
    """Batches of 8 records, a checkpoint and a score after every 16."""
    of_the_page()
    config = plain(checked_compose(["model=classifier", "debug=tiny", "tracker=none"]))
    for group in ("encoder", "loss", "generator", "discriminator", "style"):
        config.pop(group, None)
    config["system"] = {"_target_": f"{NAME}.MelodyToContour"}
    config["data"]["reader"] = {"_target_": f"{NAME}.MelodyData"}
    config["optim"] = {"generator": {"_target_": "experiments.optim.adam.Adam", "lr": 0.01}}
    config["metric"] = {"_target_": f"{NAME}.ContourScore"}
    config["paths"] = {"outputs": str(outputs), "cache": str(outputs / "cache")}
    config["launch"] |= {"device": "cpu", "threads": 1}
    every = {"log_every": 8, "sample_every": 16, "evaluate_every": 16, "checkpoint_every": 16}
    config["trainer"] |= {"images": images, "batch": 8, "ema_halflife": 16, **every, **trainer}
    folder, chosen = outputs / "melody-melodies" / "0", {"model": "melody", "data": "melodies"}
    return Run(config, chosen, folder, "0", {}, [])


def train(outputs: Path, images: int, **trainer: Any) -> Path:
    """Train a run as `task=train` does, from where it is. Returns its folder."""
    run = melody_run(outputs, images, **trainer)
    perform(run.config, run.choices, [], run=run)
    return run.folder


def main() -> None:
    """Of one of two processes: its outputs, and images."""
    train(Path(sys.argv[1]), int(sys.argv[2]))
