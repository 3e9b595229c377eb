"""What lies in a run folder, read and written without torch.

config.yaml     the resolved configuration
run.json        its id, the options chosen, the overrides, and what it was built on
facts.json      what the data decided: sizes, vocabulary, names
scores.json     the last scores, with how they were measured; stats.jsonl: everything logged
samples/        pictures during training; drawn/: those of task=sample (`drawn.py`)
checkpoints/    what a resume needs; weights/: what was reached, for other runs and for sampling
evaluations/    scores of task=evaluate; environment.json, git.json: where it ran, from what
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from experiments.errors import UserError

CONFIG, RUN, FACTS, SCORES = "config.yaml", "run.json", "facts.json", "scores.json"


def by_images(folder: Path, kind: str) -> list[Path]:
    """The files of `checkpoints` or `weights` in a run folder, newest first."""
    return sorted((folder / kind).glob("images-*.pt"), reverse=True)


def file_at(folder: Path, kind: str, images: int) -> Path:
    """Where the state after so many images lies."""
    return folder / kind / f"images-{images:010d}.pt"


def images_of(path: Path) -> int:
    """Images seen, from the name of a file."""
    return int(path.stem.partition("-")[2])


def reached(folder: Path) -> int:
    """Images after which a run was last finished; 0 where it never was."""
    newest = by_images(folder, "weights")
    return images_of(newest[0]) if newest else 0


def run_config(folder: Path) -> dict[str, Any]:
    """The resolved configuration of a run. Raises `UserError` where there is none."""
    content = _read(folder, CONFIG)
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items()}


def run_about(folder: Path) -> dict[str, Any]:
    """Id, choices, overrides and lineage of a run. Raises `UserError` where it is none."""
    return dict(_read(folder, RUN))


def run_facts(folder: Path) -> dict[str, Any]:
    """What the data of a run decided. Raises `UserError` where there is none."""
    return dict(_read(folder, FACTS))


def run_scores(folder: Path) -> dict[str, Any] | None:
    """The last scores of a run, or None where it has none yet."""
    return dict(_read(folder, SCORES)) if (folder / SCORES).is_file() else None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=2) + "\n")
    partial.replace(path)


def tracked(folder: Path) -> str:
    """Where the tracked run is, and how an offline one reaches the server."""
    offline = sorted((folder / "wandb").glob("offline-run-*"))
    if offline:
        return f"{offline[-1]} (offline; `wandb sync` it to upload)"
    return str(folder / "stats.jsonl")


def _read(folder: Path, name: str) -> Any:
    path = folder / name
    if not folder.is_dir():
        raise UserError(f"run={folder}: there is no such folder")
    if not path.is_file():
        raise UserError(f"run={folder}: is not the folder of a run (it has no {name})")
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.safe_load(text) if path.suffix == ".yaml" else json.loads(text)
    except (ValueError, yaml.YAMLError):
        raise UserError(f"{path}: is damaged; run the training command again") from None
