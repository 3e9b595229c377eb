"""Which store the pictures of a run take, and what each takes of 10 thousand, 3 million and 1
billion pairs of a picture and its captions: a table of `task=plan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.data.store.choice import STORES, StoreName, bytes_of, chosen, require_store
from experiments.data.view.base import View
from experiments.data.view.caption import CaptionView
from experiments.data.view.computed import too_large_beside
from experiments.plan.facts import DataFacts
from experiments.run.folder import run_facts
from experiments.run.prerequisite import Run
from experiments.terminal.error import UserError
from experiments.terminal.line import aligned, amount
from experiments.trainer.assemble import image_size_of, store_of

PAIRS = (10_000, 3_000_000, 1_000_000_000)
SIDE = 304  # px of the measured stores
# Seconds of one core a picture of 304 px, to prepare and to read, of JPEGs of 500x375 px on an AMD
# EPYC: `make bench ARGS='--part stores'`. What grows with the area stands second, about.
PREPARE = {"pixels": (2.8e-3, 0.33e-3), "encoded": (2.8e-3, 0.85e-3), "stream": (1.13e-3, 0.0)}
READ = {"pixels": (0.0, 0.0925e-3), "encoded": (0.0, 1.01e-3), "stream": (2.63e-3, 0.2e-3)}


@dataclass(frozen=True)
class Stores:
    """Of a run whose pictures have `side` px: the store that it takes, and why it is not pixels, ""
    where there is nothing to say. `features`: bytes of text features of a caption, where they may
    be computed for each batch instead, else 0."""

    name: StoreName
    why: str
    side: int
    features: int


def taken(run: Run, facts: DataFacts) -> tuple[StoreName, str, int] | None:
    """The store, why, and px of a run; None where it has no pictures."""
    config, before = run.config, None
    side = image_size_of(config)
    if side is None:
        return None
    size = int(side * float(config["data"]["margin"]))
    try:
        before = run_facts(run.folder)
    except UserError:  # it is new, or its `facts.json` is damaged
        before = None
    name = require_store(store_of(config["data"].get("store"), before, run.folder))
    if name is not None:
        return name, "", size
    return *chosen(facts.pictures, size, Path(config["paths"]["cache"])), size


def features_of(views: Sequence[View], data: dict[str, object]) -> int:
    """Bytes of text features of a caption, of views that may compute them for each batch."""
    return sum(
        size
        for view in views
        if isinstance(view, CaptionView) and view.may_compute and view.average == 1
        for size in view.disk(1, 1, 1.0, data).values()
    )


def table(stores: Stores, facts: DataFacts) -> list[str]:
    """The lines of the table."""
    words = {"pixels": "pixels", "encoded": "JPEG, as data.store=encoded", "stream": "nothing"}
    why = f", as {stores.why}" if stores.why else ""
    what = {"stream": "read where they lie, as data.store=stream"}.get(
        stores.name, f"kept as {words[stores.name]}"
    )
    captions = f" of {facts.captions:g} captions" if stores.features else ""
    heads = ["pairs", *STORES, *([f"text features{captions}"] if stores.features else [])]
    rows = []
    for count in PAIRS:
        cells = [f"{count:,}"]
        for name in STORES:
            size = bytes_of(name, count, stores.side)
            hours = [
                count * (fixed + grows * (stores.side / SIDE) ** 2) / 3600
                for fixed, grows in (PREPARE[name], READ[name])
            ]
            cells.append(f"{amount(size)}, {_hours(hours[0])} + {_hours(hours[1])} h")
        if stores.features:
            size = round(count * facts.captions * stores.features)
            large = too_large_beside(stores.name, count, stores.side, size)
            cells.append("computed for each batch" if large else amount(size))
        rows.append(cells)
    return [
        f"Pictures are {what}{why}. Stores at {stores.side} px: beside the data, hours of one core",
        "to prepare + to read all once",
        *(f"  {line}" for line in aligned([heads, *rows])),
    ]


def _hours(value: float) -> str:
    if value < 0.01:
        return "< 0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
