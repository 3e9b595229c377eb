"""A run as the trial of a W&B sweep: the agent starts the command and says which run it is.

The agent names the run in the environment. That is the run of the command; what it has to train
first are runs of their own, which must not see these variables.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

RUN, SWEEP, PARAMETERS = "WANDB_RUN_ID", "WANDB_SWEEP_ID", "WANDB_SWEEP_PARAM_PATH"
VARIABLES = (RUN, SWEEP, PARAMETERS)


def agent_run() -> str | None:
    """The id of the W&B run that an agent started this process for, or None without an agent."""
    return (os.environ.get(RUN) or None) if os.environ.get(SWEEP) else None


def agent_project() -> str | None:
    """The project of the sweep, which W&B takes for its runs whatever they ask for."""
    return os.environ.get("WANDB_PROJECT") or None


def arm_name() -> str | None:
    """What the agent varies, such as "preset.lr=0.001 seed=1"; None where it does not tell."""
    path = os.environ.get(PARAMETERS) if agent_run() else None
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8")) if path else None
    except (OSError, ValueError, yaml.YAMLError):
        return None
    if not isinstance(content, dict):
        return None
    from experiments.config.override import text
    from experiments.study.job import short

    found = [
        f"{short(str(key))}={text(item['value'])}"
        for key, item in content.items()
        if isinstance(item, dict) and "value" in item
    ]
    return " ".join(found) or None


@contextmanager
def without_agent() -> Iterator[None]:
    """An environment in which no agent is."""
    hidden = {name: os.environ.pop(name) for name in VARIABLES if name in os.environ}
    try:
        yield
    finally:
        os.environ |= hidden
