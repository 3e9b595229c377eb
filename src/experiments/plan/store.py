"""Which store the pictures of a run take, and what each takes of 10 thousand, 3 million and 1
billion pairs of a picture and its captions: tables of `task=plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
ENCODE = 70e9  # FLOP/s of one core in a text encoder (65e9 to 88e9, docs/performance.md)
TAKEN = {"pixels": "pixels", "encoded": "JPEG (encoded)", "stream": "nothing (stream)"}


@dataclass(frozen=True)
class Features:
    """Text features that may be computed for each batch: bytes and FLOPs of a caption, 0 where
    there are none such, and how many captions a batch has of a picture."""

    size: int = 0
    flops: float = 0.0
    drawn: int = 1


@dataclass(frozen=True)
class Stores:
    """Of a run whose pictures have `side` px: the store that it takes, and why it is not pixels, ""
    where there is nothing to say. `at`: which it would take of so many pairs on this disk.
    `streams`: whether its batches may be of a stream."""

    name: StoreName
    why: str
    side: int
    at: Mapping[int, StoreName]
    features: Features
    streams: bool = True


def taken(run: Run, facts: DataFacts) -> tuple[StoreName, str, int, dict[int, StoreName]] | None:
    """The store, why, px, and the stores at other sizes; None where a run has no pictures."""
    config, before = run.config, None
    side = image_size_of(config)
    if side is None:
        return None
    size, cache = int(side * float(config["data"]["margin"])), Path(config["paths"]["cache"])
    try:
        before = run_facts(run.folder)
    except UserError:  # it is new, or its `facts.json` is damaged
        before = None
    asked = require_store(config["data"].get("store"))
    at = {count: asked or chosen(count, size, cache)[0] for count in PAIRS}
    name = require_store(store_of(asked, before, run.folder))
    if name is not None:
        return name, "", size, at
    return *chosen(facts.pictures, size, cache), size, at


def features_of(
    views: Sequence[View], data: dict[str, object], flops: Callable[[CaptionView], float]
) -> Features:
    """Those of the view that may compute them for each batch. `flops`: of a caption."""
    for view in views:
        if not isinstance(view, CaptionView) or view.encoder is None:
            continue
        if view.may_compute and view.average == 1:
            size = sum(view.disk(1, 1, 1.0, data).values())
            return Features(size, flops(view), 1 if view.mismatch == "none" else 2)
    return Features()


def table(stores: Stores, facts: DataFacts) -> list[str]:
    """The lines of the tables."""
    words = {"pixels": "pixels", "encoded": "JPEG, as data.store=encoded", "stream": "nothing"}
    why = f", as {stores.why}" if stores.why else ""
    what = {"stream": "read where they lie, as data.store=stream"}.get(
        stores.name, f"kept as {words[stores.name]}"
    )
    rows = [["pairs", *STORES]]
    for count in PAIRS:
        cells = [f"{count:,}"]
        for name in STORES:
            hours = [
                count * (fixed + grows * (stores.side / SIDE) ** 2) / 3600
                for fixed, grows in (PREPARE[name], READ[name])
            ]
            size = amount(bytes_of(name, count, stores.side))
            cells.append(f"{size}, {_hours(hours[0])} + {_hours(hours[1])} h")
        rows.append(cells)
    return [
        f"Pictures are {what}{why}. Stores at {stores.side} px: beside the data, hours of one core",
        "to prepare + to read all once",
        *(f"  {line}" for line in aligned(rows)),
        *_would_take(stores, facts),
    ]


def _would_take(stores: Stores, facts: DataFacts) -> list[str]:
    """What a run of so many pairs takes, by the rules that decide in it."""
    features = stores.features
    rows = [["pairs", "pictures kept"]]
    if features.size:
        rows[0] += ["text features", "all stored once", "computed in an epoch"]
    for count in PAIRS:
        name = stores.at[count]
        refused = name == "stream" and not stores.streams
        cells = [f"{count:,}", "refused (stream)" if refused else TAKEN[name]]
        if features.size:
            captions = count * facts.captions
            size = round(captions * features.size)
            large = too_large_beside(name, count, stores.side, size)
            hours = [n * features.flops / ENCODE / 3600 for n in (captions, count * features.drawn)]
            cells += ["computed for each batch" if large else "stored"]
            cells += [f"{amount(size)}, {_hours(hours[0])} h", f"{_hours(hours[1])} h"]
        rows.append(cells)
    said = f"; text features of {facts.captions:g} captions each, hours of one core"
    return [
        f"What a run of so many takes on this disk{said if features.size else ''}",
        *(f"  {line}" for line in aligned(rows)),
    ]


def _hours(value: float) -> str:
    if value < 0.01:
        return "< 0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
