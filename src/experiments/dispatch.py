"""What `task` can be, and who does it: imported when asked for, checked at once."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reader:
    """A task that reads runs: `check(config)` raises `UserError` at once, without torch, for what
    cannot be done; `perform(config)` does it. Both as "module:function"."""

    check: str
    perform: str


# What a run would cost: as `Reader`, but told what was chosen and which words said so.
PLANNER = Reader("experiments.plan.request:check", "experiments.plan.command:show_plan")
# Those that are not here train or evaluate and need processes: `launch.py`, `task.py`.
READERS = {
    "sample": Reader("experiments.request:drawing_of", "experiments.drawn:draw_to_folder"),
    "human_study": Reader("experiments.human.request:study_of", "experiments.human.study:write"),
    "human_rank": Reader("experiments.human.request:answers_of", "experiments.human.rank:write"),
    "export": Reader("experiments.export.request:export_of", "experiments.export.folder:write"),
}
TASKS = ("train", "evaluate", "report", "plan", *READERS)


def call(name: str, config: Mapping[str, Any], *more: Any) -> Any:
    """Call what "module:function" names with a configuration, and with what else it takes."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)(config, *more)
