"""What task=plan is asked, checked before anything heavy loads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.plan.facts import require_known
from experiments.terminal.error import UserError

POSITIVE = ("memory", "tflops", "utilisation", "launch", "link", "network", "price")
MOST = 1_000_000  # GPUs


def check(config: Mapping[str, Any]) -> None:
    """Raise `UserError` for what cannot be planned."""
    options = config["plan"]
    problems = [
        f"plan.{name}={options[name]}: must be above 0"
        for name in POSITIVE
        if options[name] is not None and not options[name] > 0
    ]
    if options["utilisation"] > 1:
        problems.append(f"plan.utilisation={options['utilisation']}: must be at most 1")
    if not 0 <= options["headroom"] < 1:
        problems.append(f"plan.headroom={options['headroom']}: must lie from 0 to below 1")
    gpus = options["gpus"]
    if not gpus or not all(1 <= count <= MOST for count in gpus):
        problems.append(f"plan.gpus={gpus}: must be numbers of GPUs, as [1,8,64]")
    if problems:
        raise UserError("\n".join(problems))
    require_known(config)
