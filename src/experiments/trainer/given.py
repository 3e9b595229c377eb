"""What a run is given to begin with fits it, which is told before data are opened: the weights of
another run, by their shapes, and a text model of `transformers`, by what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from experiments.config.build import build
from experiments.config.key import value_at
from experiments.config.signature import ancestors
from experiments.encoder.weight_file import HUGGING
from experiments.run.fact import facts_of_run, of_networks
from experiments.run.prerequisite import Run, weights_of
from experiments.run.weight import require_same_shapes
from experiments.system.drawing import Unfilled


def require_given(run: Run) -> None:
    """Raise `UserError` where a node asks for the weights of a folder that are not those of the
    network that it describes, or for a text model that does not read as much as it is to read.

    Networks are built on paper, with what the data of the folder decided: whether these data
    decide the same is told when they are open.
    """
    for path, need in run.prerequisites.items():
        if isinstance(need, Path):
            node, file = value_at(run.config, path), weights_of(path, need)
            require_same_shapes(_on_paper(node, facts_of_run(need), path), node, file, path)
    text = (run.config.get("encoder") or {}).get("text")
    known = isinstance(run.prerequisites.get("encoder"), Path)  # it is looked at already
    if not known and isinstance(text, dict) and HUGGING in ancestors(str(text.get("_target_"))):
        _ = _on_paper(text, of_networks(0, {}, 0, ()), "encoder.text").pieces


def _on_paper(node: Any, facts: Mapping[str, Any], path: str) -> Any:
    with torch.device("meta"), Unfilled():
        return build(node, facts, path, lambda *asked: None)
