"""What `task=plan` prints: a block for each run, a table over GPUs, and what was assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.plan.estimate import DENSE, GB, Planned
from experiments.plan.facts import DataFacts
from experiments.terminal.line import aligned

HEADINGS = ("GPUs", "batch", "memory", "computing", "exchanging", "{}/s", "hours")


def page(rows: Sequence[Planned], options: Mapping[str, Any]) -> str:
    """The whole text; `options`: the group `plan`."""
    blocks = ["\n".join(_run(row)) for row in rows]
    left = [row for row in rows if not row.finished]
    if len(left) > 1:
        columns = zip(options["gpus"], *(row.paces for row in left), strict=True)
        told = ", ".join(
            f"{_hours(sum(pace.hours for pace in paces))} h on {count}"
            for count, *paces in columns
            if all(pace.fits for pace in paces)
        )
        told = told or "not all of them fit"
        blocks.append(f"all {len(left)} runs that are not finished, one after the other: {told}")
    return "\n\n".join([*blocks, "\n".join(_assumed(rows[-1], options))])


def _run(row: Planned) -> list[str]:
    held, needs, parts = row.held, row.needs, row.accumulate
    names = ", ".join(
        f"{name} {number / 1e6:.2f} M{'' if name in row.trained else ' (fixed)'}"
        for name, number in row.parameters.items()
    )
    wanted = f", for {row.wanted_by}" if row.wanted_by else ""
    split = f" in {parts} parts" if parts > 1 else ""
    most = "no batch fits"
    if row.largest is not None:
        most = f"at most {row.largest.share} {row.counted} fit one GPU"
    stores = ", ".join(f"{what} {_bytes(size)}" for what, size in row.disk.stores.items())
    lines = [
        f"{row.name}{wanted}: {row.images:,} {row.counted}{' (finished)' if row.finished else ''}",
        f"  parameters   {names}",
        f"  {'one ' + row.counted[:-1]:<13}{_flops(needs.flops / needs.share)} a step, forward "
        f"and backward; {_bytes(row.activations)} of activations",
        f"  memory       {_bytes(needs.held)} held (weights {_bytes(held.weights)}, moments "
        f"{_bytes(held.moments)}, average {_bytes(held.average)}) and gradients of at most "
        f"{_bytes(held.gradients)}",
        f"  batch        {needs.share}{split}: {_bytes(needs.peak)} at the peak; {most}{split}",
        f"  disk         {stores}; checkpoint {_bytes(held.checkpoint)}, run folder "
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
        )
        for pace in row.paces
    ]
    heads = tuple(heading.format(row.counted) for heading in HEADINGS)
    return lines + [f"  {line}" for line in aligned([heads, *cells], right=True)]


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
