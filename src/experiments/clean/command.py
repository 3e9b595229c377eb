"""`python run.py task=clean`: the list, and what was removed of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.clean.find import Item, items, places
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.line import aligned, amount, number_of, say, show


def clean(config: Mapping[str, Any]) -> None:
    """List what may go, the largest first; with `clean.remove` it goes. Raises `UserError` where
    something could not be removed."""
    where = places(config)
    found = sorted(items(where), key=lambda item: -item.size)
    total = sum(item.size for item in found)
    if not found:
        say(f"nothing in {where.outputs} and {where.cache} may go")
        return
    rows = [(amount(item.size), item.reason, str(item.path)) for item in found]
    show("\n".join(aligned(rows)))
    if not config["clean"]["remove"]:
        say(
            f"{number_of(len(found), 'thing')} may go, {amount(total)}; nothing was "
            "removed: clean.remove=true does it"
        )
        return
    _remove(found)


def _remove(found: list[Item]) -> None:
    gone, size, kept = 0, 0, 0
    problems: list[str] = []
    for item in found:
        try:
            if item.remove():
                gone, size = gone + 1, size + item.size
            else:
                kept += 1
        except OSError as error:
            problems.append(f"{item.path}: could not be removed ({reason_of(error)})")
    used = f"; {kept} left alone, in use or needed by now" if kept else ""
    say(f"removed {gone} of {len(found)}, {amount(size)}{used}")
    if problems:
        raise UserError("\n".join(problems))
