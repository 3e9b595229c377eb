"""Scores as a table of plain text: generated, real and chance side by side, with the counts."""

from __future__ import annotations

from collections.abc import Mapping

from experiments.metric.caution import cautions
from experiments.metric.meaning import SHARES, SUFFIXES
from experiments.metric.names import label
from experiments.metric.protocol import Protocol
from experiments.terminal.line import aligned, number_of

HEADINGS = ("score", "generated", "real", "chance")


def format_table(
    scores: Mapping[str, float], protocol: Protocol, skipped: Mapping[str, str] | None = None
) -> str:
    """One row per score, in the order of `scores`; then counts and protocol; then what is missing.

    A spread follows its value as "± std". Shares are per cent. "-" stands where there is no value.
    """
    rows: list[tuple[str, ...]] = [HEADINGS]
    for name in dict.fromkeys(_base(name) for name in scores):
        title = label(name)
        if f"{name}/candidates" in scores:
            title += f", {scores[f'{name}/candidates']:.0f} candidates"
        cells = [_cell(scores, name, suffix) for suffix in ("", "/real", "/chance")]
        rows.append((title, *cells))
    lines = aligned(rows)
    lines.insert(1, "-" * max(map(len, lines)))
    lines += ["", *_facts(protocol)]
    if told := cautions(scores, protocol):
        lines += ["", *told]
    if skipped:
        lines += ["", "not computed:"]
        lines += [f"  {label(name)}: {reason}" for name, reason in skipped.items()]
    return "\n".join(lines)


def _base(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _cell(scores: Mapping[str, float], name: str, suffix: str) -> str:
    value = scores.get(name + suffix)
    if value is None:
        return "-"
    share = name.startswith(SHARES)
    spread = scores.get(f"{name}{suffix}/std")
    if share:
        text = f"{100 * value:.1f}"
        return f"{text} ± {100 * spread:.1f} %" if spread is not None else f"{text} %"
    text = f"{value:.4g}"
    return f"{text} ± {spread:.2g}" if spread is not None else text


def _made(protocol: Protocol) -> list[str]:
    """How what is scored was made, as far as it was recorded; encoders make nothing."""
    told = {
        "captions": protocol.captions,
        "truncation": protocol.truncation,
        "rounded to": protocol.rounding,
        "average of weights": protocol.averaged,
        "state": protocol.state,
    }
    side = [f"{protocol.resolution} px"] if protocol.resolution else []
    parts = side + [f"{key} {value}" for key, value in told.items() if value]
    return [f"generated: {'; '.join(parts)}"] if parts and protocol.n_fake else []


def _facts(protocol: Protocol) -> list[str]:
    extractors = sorted(protocol.resize.keys() | protocol.weights.keys())
    captions = protocol.captions_per_image  # none where nobody reads them
    read = f"{number_of(captions, 'caption')} an image, " if captions else ""
    made = f"{protocol.n_fake} generated against " if protocol.n_fake else ""  # encoders make none
    facts = [
        f"{made}{protocol.n_real} real images of split {protocol.split}, "
        f"crop {protocol.crop}, {read}seed {protocol.seed}",
        *([f"real column of distances: {protocol.real_baseline}"] if made else []),
        *_made(protocol),
    ]
    for name in extractors:
        parts = [f"input {protocol.resize[name]}"] if name in protocol.resize else []
        parts += [f"weights {protocol.weights[name]}"] if name in protocol.weights else []
        parts += [f"family {protocol.family[name]}"] if name in protocol.family else []
        facts.append(f"{name}: {', '.join(parts)}")
    facts += [f"{key}: {value}" for key, value in protocol.extra.items()]
    return facts
