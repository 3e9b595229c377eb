"""What a command asks of a run that is there: checked before anything heavy loads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from experiments import folder as files
from experiments.check import checked_compose
from experiments.config import plain
from experiments.data.reading import reader_of
from experiments.errors import UserError

# What task=evaluate may change of a run; the rest is the run's.
OPEN = ("metric", "launch", "paths", "tracker", "task", "run", "hydra", "data.root")


def captions_of(config: Mapping[str, Any]) -> list[str]:
    """The texts that task=sample draws. Raises `UserError` where one says nothing to the run."""
    text = config["text"]
    if text is None or text in ("", []):
        raise UserError("text: task=sample needs a caption: 'text=a small red bird'")
    captions = [str(item) for item in (text if isinstance(text, list) else [text])]
    facts = files.run_facts(run_folder(config))
    reader, _ = reader_of(facts.get("reads", "words"), facts["words"], len(facts["words"]))
    for caption in captions:
        reader.require_known(caption)
    return captions


def run_folder(config: Mapping[str, Any]) -> Path:
    """The folder that `run` names, which must be one of a run with weights."""
    task, run = config["task"], config["run"]
    if run is None:
        raise UserError(f"run: task={task} needs run=outputs/<model>-<data>/<id>")
    place = Path(str(run))
    files.run_about(place)
    if not files.by_images(place, "checkpoints") + files.by_images(place, "weights"):
        raise UserError(f"run={place}: has no weights yet; train it first")
    return place


def evaluation_config(place: Path, overrides: list[str]) -> dict[str, Any]:
    """The configuration of a run with the metric that the command line makes of it.

    The run's own overrides apply first. Raises `UserError` for one that the run decides.
    """
    changes, root = [], None
    for override in overrides:
        name = override.lstrip("+~").partition("=")[0].replace("/", ".")
        if not any(name == key or name.startswith(f"{key}.") for key in OPEN):
            raise UserError(
                f"{override}: the run decides this; task=evaluate takes metric.*, launch.*, "
                "paths.* and data.root"
            )
        if name == "data.root":
            root = override.partition("=")[2]
        elif name.partition(".")[0] == "metric":
            changes.append(override)
    config = files.run_config(place)
    if root is not None:
        config["data"]["root"] = config["data"]["reader"]["root"] = root
    cfg = checked_compose([*files.run_about(place)["overrides"], *changes])
    OmegaConf.set_struct(cfg, False)
    cfg.data = config["data"]  # what a run trained for another one took from that one
    fresh = plain(cfg)
    if "metric" not in fresh:
        raise UserError(f"run={place}: has no metric; choose one, as +metric=text_to_image")
    return config | {"metric": fresh["metric"]}
