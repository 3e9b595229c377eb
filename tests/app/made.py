"""Run folders with weights that nobody trained, on a small data set whose pictures are there."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import yaml

from experiments.app.request import AppRequest, app_of
from experiments.config.build import build
from experiments.config.compose import choices, plain
from experiments.config.option import App, Launch, Sample
from experiments.config.override import checked_compose
from experiments.data.store.dataset import Dataset
from experiments.run import checkpoint
from experiments.run.fact import facts_of
from experiments.run.pretrained import GROUPS, without_pretrained, without_unneeded

RED, BLUE = "a red bird with a black crown", "this bird is blue"
IMAGES = 32


def make_run(folder: Path, birds: Dataset, *overrides: str, seed: int = 0) -> Path:
    """A run of a recipe on the birds at its tiniest widths. Its id is the name of the folder."""
    data = [] if any(item.startswith("data=") for item in overrides) else ["data=plumage"]
    words = [*overrides, *data, "debug=tiny", "tracker=none"]
    cfg = checked_compose(words)
    config: dict[str, Any] = without_unneeded(plain(cfg))
    config["paths"]["cache"] = str(birds.folder.parents[1])
    config["data"]["reader"] |= {"images_per_species": 4, "species": 8, "test_species": 3}
    facts = facts_of(birds)
    torch.manual_seed(seed)
    system = build(without_pretrained(config, *GROUPS, "system")["system"], facts, "system")
    facts |= {"reads": system.reads}
    facts["makes"] = [[list(asks), made] for asks, made in system.makes.items()]
    about = {"id": folder.name, "choices": choices(cfg), "overrides": words, "built_on": {}}
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "facts.json").write_text(json.dumps(facts))
    (folder / "run.json").write_text(json.dumps(about))
    (folder / "samples").mkdir()
    (folder / "samples" / "captions.json").write_text(json.dumps({"captions": [RED, BLUE]}))
    export = {group: module.state_dict() for group, module in system.export_modules().items()}
    checkpoint.save_weights(folder, IMAGES, export)
    return folder


def config_of(*runs: Path, **options: Any) -> dict[str, Any]:
    """What a command line hands over; `options` are those of the group `app`."""
    return {
        "task": "app",
        "run": [str(run) for run in runs],
        "app": asdict(App()) | {"patience": 60.0} | options,
        "sample": asdict(Sample()),
        "launch": asdict(Launch()) | {"threads": 1, "device": "cpu"},
        "paths": {"outputs": str(runs[0].parents[1]), "cache": str(runs[0].parents[1] / "none")},
    }


def request_of(*runs: Path, **options: Any) -> AppRequest:
    return app_of(config_of(*runs, **options))
