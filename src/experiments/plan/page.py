"""What `task=plan` prints: a block for each run, a table over GPUs, and what was assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.plan.estimate import DENSE, GB, Planned
from experiments.plan.facts import DataFacts
from experiments.plan.store import table
from experiments.terminal.line import aligned, millions, number_of

HEADINGS = ("GPUs", "batch", "memory", "computing", "exchanging", "{}/s", "hours")


def page(rows: Sequence[Planned], options: Mapping[str, Any]) -> str:
    """The whole text; `options`: the group `plan`."""
    blocks = [_gpu(rows[-1], options), *("\n".join(_run(row, options)) for row in rows)]
    if sum(not row.finished for row in rows) > 1:
        blocks.append(_sum(rows, options))
    if (stores := rows[-1].stores) is not None:
        blocks.append("\n".join(table(stores, rows[-1].facts)))
    return "\n\n".join([*blocks, "\n".join(_assumed(rows[-1], options))])


def study_page(title: str, rows: Sequence[Planned], options: Mapping[str, Any]) -> str:
    """What the runs of a study take, and what they build on, each once."""
    heads = ["run", "images", *(f"hours on {number_of(n, 'GPU')}" for n in options["gpus"])]
    cells = [
        (
            row.name + (f", for {row.wanted_by}" if row.wanted_by else ""),
            f"{row.images:,}" + (" (finished)" if row.finished else ""),
            *(_hours(pace.hours) if pace.fits else "too much" for pace in row.paces),
        )
        for row in rows
    ]
    unfit = [line for row in rows for line in _unfit(row)]
    table = aligned([heads, *cells])
    blocks = [f"{title}: {_gpu(rows[-1], options)}", "\n".join(table)]
    blocks += ["\n".join(dict.fromkeys(line.strip() for line in unfit))] if unfit else []
    return "\n\n".join([*blocks, _sum(rows, options), "\n".join(_assumed(rows[-1], options))])


def _gpu(row: Planned, options: Mapping[str, Any]) -> str:
    """For which GPU, and how far to trust it."""
    known = options["memory"] == 80 and options["tflops"] is None
    what = "an H100 SXM with 80 GB" if known else f"a GPU with {options['memory']:g} GB"
    return (
        f"computed for {what} in {row.precision}; no GPU has confirmed these figures: try one run "
        "for some minutes before you pay for many"
    )


def _sum(rows: Sequence[Planned], options: Mapping[str, Any]) -> str:
    """Hours, and costs, of all that is not finished."""
    left = [row for row in rows if not row.finished]
    told = []
    for place, count in enumerate(options["gpus"]):
        paces = [row.paces[place] for row in left]
        if all(pace.fits for pace in paces):
            hours = sum(pace.hours for pace in paces)
            told.append(f"{_hours(hours)} h on {count}{_cost(hours, count, options, ' for ')}")
    said = ", ".join(told) or "not all of them fit"
    runs = f"the one run that is not finished: {said}"
    if len(left) != 1:
        runs = f"all {len(left)} runs that are not finished, one after the other: {said}"
    return runs if left else "all of it is finished"


def _cost(hours: float, gpus: int, options: Mapping[str, Any], before: str = "") -> str:
    """In the money of `plan.price`; "" where nobody said what an hour costs."""
    if options["price"] is None:
        return ""
    cost = hours * gpus * options["price"]
    return before + (f"{cost:,.0f}" if cost >= 100 else f"{cost:.2f}" if cost >= 0.01 else "< 0.01")


def _unfit(row: Planned) -> list[str]:
    """What to do where a batch does not fit."""
    over = [pace.gpus for pace in row.paces if not pace.fits]
    if not over:
        return []
    most = row.largest.share if row.largest else 0
    where = "on any number of GPUs" if 1 in over else f"on {' and '.join(map(str, over))} GPUs"
    less = f"trainer.batch={most}" if 1 in over and most else "a smaller trainer.batch"
    if 1 not in over:  # rows that are gathered of all
        less = f"fewer GPUs, or {less}, as each compares its rows with those of all others"
        return [f"  {row.name} does not fit {where}: take {less}"]
    parts = f"trainer.accumulate={2 * row.accumulate}, or more, splits its batch"
    return [
        f"  {row.name} does not fit {where}: {parts}, {less} makes it smaller, or plan.memory=N"
        " is a larger GPU"
    ]


def _run(row: Planned, options: Mapping[str, Any]) -> list[str]:
    held, needs, parts = row.held, row.needs, row.accumulate
    priced = options["price"] is not None
    names = ", ".join(
        f"{name} {millions(number)}{'' if name in row.trained else ' (fixed)'}"
        for name, number in row.parameters.items()
        if number  # what has none is no network
    )
    wanted = f", for {row.wanted_by}" if row.wanted_by else ""
    split = f" in {parts} parts" if parts > 1 else ""
    most = "no batch fits"
    if row.largest is not None:
        most = f"at most {row.largest.share} {row.counted} fit one GPU"
    stores = "".join(f"{what} {_bytes(size)}, " for what, size in row.disk.stores.items())
    stores = f"{stores.removesuffix(', ')}; " if stores else ""
    lines = [
        f"{row.name}{wanted}: {row.images:,} {row.counted}{' (finished)' if row.finished else ''}",
        f"  parameters   {names}",
        f"  {'one ' + row.counted[:-1]:<13}{_flops(needs.flops / needs.share)} a step, forward "
        f"and backward; {_bytes(row.activations)} of activations",
        f"  memory       {_bytes(needs.held)} held (weights {_bytes(held.weights)}, moments "
        f"{_bytes(held.moments)}, average {_bytes(held.average)}) and gradients of at most "
        f"{_bytes(held.gradients)}",
        f"  batch        {needs.share}{split}: {_bytes(needs.peak)} at the peak; {most}{split}",
        f"  disk         {stores}checkpoint {_bytes(held.checkpoint)}, run folder "
        f"{_bytes(row.disk.run)}",
        "",
    ]
    cells = [
        (
            str(pace.gpus),
            str(pace.batch),
            _bytes(pace.needs.peak) + ("" if pace.fits else " (too much)"),
            _seconds(pace.computing),
            f"{_seconds(pace.exchanging)}, {_bytes(pace.needs.reduced + pace.needs.gathered)}"
            if pace.gpus > 1
            else "-",
            f"{pace.images_per_second:,.0f}",
            _hours(pace.hours) if pace.fits else "-",
            *([_cost(pace.hours, pace.gpus, options)] if priced and pace.fits else []),
            *(["-"] if priced and not pace.fits else []),
        )
        for pace in row.paces
    ]
    heads = tuple(heading.format(row.counted) for heading in HEADINGS)
    heads += ("price",) if priced else ()
    table = [f"  {line}" for line in aligned([heads, *cells], right=True)]
    unfit = _unfit(row)
    return [*lines, *table, *(["", *unfit] if unfit else [])]


def _assumed(row: Planned, options: Mapping[str, Any]) -> list[str]:
    dense = options["tflops"] or DENSE[row.precision]
    facts, counted = row.facts, "clips" if row.counted == "clips" else "pictures"
    return [
        "Assumed (plan.* changes it):",
        f"  a GPU has {options['memory']:g} GB, of which {options['headroom']:.0%} are not for "
        "tensors: workspaces, fragments, the driver",
        f"  it does {dense:g} TFLOP/s in {row.precision} and reaches {options['utilisation']:.0%} "
        f"of them, and takes {options['launch']:g} microseconds for an operator at least",
        f"  it sends {options['link']:g} GB/s to others of its machine of {options['machine']}, "
        f"{options['network']:g} GB/s beyond; nothing is exchanged while it computes",
        "  each GPU has the whole batch of one, so that trainer.batch grows with them; whether it "
        "still learns as well is another question",
        "  captions are as long as they can be, recordings as data.speech.seconds; training alone, "
        "without samples and scores; nothing is compiled",
        f"  data: {facts.pictures:,} {counted}, {facts.train:,} of them to train on, "
        f"{_said(facts)} ({facts.source})",
    ]


def _said(facts: DataFacts) -> str:
    if not facts.captions:
        return "without captions"
    return f"{facts.captions:.3g} captions each, {facts.words:,} words"


def _bytes(number: float) -> str:
    if number >= GB:
        return f"{number / GB:.3g} GB" if number < 1000 * GB else f"{number / GB:,.0f} GB"
    return f"{number / 1e6:.3g} MB"


def _flops(number: float) -> str:
    return f"{number / 1e9:.3g} GFLOP" if number < 1e12 else f"{number / 1e12:.3g} TFLOP"


def _seconds(number: float) -> str:
    return f"{number:.3g} s" if number >= 1 else f"{number * 1e3:.3g} ms"


def _hours(value: float) -> str:
    if value < 0.01:
        return "< 0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
