"""Jobs of one study that would be in one another's way."""

from __future__ import annotations

from experiments.run.prerequisite import Run
from experiments.study.job import Study
from experiments.terminal.error import UserError


def require_apart(study: Study, runs: list[Run | None]) -> None:
    """Raise `UserError` where two jobs that begin anew are one run: the second would move aside
    what the first has just made."""
    fresh = [run.folder for run in runs if run is not None and run.config.get("fresh")]
    for place, run in enumerate(runs):
        if run is not None and fresh.count(run.folder) > 1:
            first = next(n for n, other in enumerate(runs) if other and other.folder == run.folder)
            if place != first:
                raise UserError(
                    f"fresh: jobs {first + 1} and {place + 1} of {study.title} are one run; leave "
                    "one of them away"
                )
