"""Where a run comes from: `environment.json`, `git.json` with `git.patch`, `code.json` and
`config.yaml` in its folder.

Nothing that identifies a person is written: no variables of the environment, no host or user
name, no path below the home folder.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from experiments import __version__
from experiments.file.whole import write_text
from experiments.run.change import record_code
from experiments.run.folder import parts_of
from experiments.run.patch import NO_GIT, git, patch_of
from experiments.run.source import digest
from experiments.terminal.secret import scrub

PACKAGES = (
    "torch",
    "torchvision",
    "accelerate",
    "hydra-core",
    "omegaconf",
    "torchmetrics",
    "datasets",
    "numpy",
    "pillow",
    "wandb",
    "trackio",
    "tensorboard",
)
FLAGS = re.compile(r"^(avx|avx2|avx512\w*|amx_\w+|avx_vnni|fma|f16c|asimd\w*|sve\w*|bf16|i8mm)$")
DIFF_LINES = 200


def write_provenance(folder: str | Path, config: Mapping[str, Any], images: int = 0) -> None:
    """Write these files into `folder`, which is made when missing. `images`: seen by now.

    A resumed run in another environment, or from other code, keeps the first files and adds
    `environment-2.json` or `git-2.json`; `code.json` has all code that the run was trained under;
    `config.yaml` is always the latest. Raises OSError only when the folder cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _record(folder, "environment", scrub(environment()))
    source = Path(__file__).parents[1]
    state = git_state(source)
    patch, left_out = ("", []) if state is None else patch_of(source)
    if state is not None and patch:
        patch = str(scrub(patch))
        state |= {"patch": digest(patch.encode()), "left_out": left_out}
    path = _record(folder, "git", scrub(state))
    if path is not None and patch:
        write_text(path.with_suffix(".patch"), patch)
    record_code(folder, config, images)
    text = yaml.safe_dump(scrub(config), sort_keys=False, allow_unicode=True)
    write_text(folder / "config.yaml", text)


def environment() -> dict[str, Any]:
    """Versions and hardware; a package that is not installed is null."""
    import torch

    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    model, flags = _processor()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {"birdsong": __version__} | {name: _version(name) for name in PACKAGES},
        "cpu": {"model": model, "count": os.cpu_count(), "flags": flags},
        "gpus": gpus,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if gpus else None,
    }


def git_state(source: Path) -> dict[str, Any] | None:
    """Commit, whether and where the tracked code differs; None where git does not hold `source`.

    Never raises: no git, no repository, no commit, a repository of someone else are all None.
    """
    try:
        if not git(source, "ls-files", "--", ".").strip():
            return None
        status = git(source, "status", "--porcelain", "--untracked-files=normal")
        stat = git(source, "diff", "HEAD", "--stat", "--no-ext-diff", "--no-textconv")
        commit = git(source, "rev-parse", "HEAD").strip()
    except NO_GIT:
        return None
    return {
        "commit": commit,
        "dirty": bool(status.strip()),
        "untracked": sum(line.startswith("??") for line in status.splitlines()),
        "diff_stat": [line.strip() for line in stat.splitlines()][-DIFF_LINES:],
    }


def _record(folder: Path, name: str, content: Any) -> Path | None:
    """The file that was written; None where one says the same."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    found = parts_of(folder, name)
    if all(path.read_text(encoding="utf-8", errors="replace") != text for path in found):
        number = f"-{len(found) + 1}" if found else ""
        return write_text(folder / f"{name}{number}.json", text)
    return None


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> tuple[str | None, list[str]]:
    """Model and the vector flags that decide speed; Linux tells both, others the model."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or None, []
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.M)
    names = flags[1].split() if flags else []
    return (
        model[1].strip() if model else platform.machine(),
        sorted(name for name in names if FLAGS.match(name)),
    )
