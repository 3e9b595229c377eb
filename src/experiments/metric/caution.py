"""What a reader must know of scores before comparing them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from experiments.metric.meaning import SHARES, plain_names, shown
from experiments.metric.names import label
from experiments.metric.protocol import Protocol
from experiments.terminal.line import number_of

ENOUGH = 10  # pictures for each feature, from which on a Fréchet distance falls little
# Scores of what a judge makes of single pictures, of which real ones ought to have the most.
JUDGED = (
    "r_precision/",
    "clip_score/",
    "attribute_accuracy/",
    "recognition/",
    "map/",
    "precision/",
)
NAMED = 3  # scores that a line names
DEVIATIONS = 2  # of a difference of two shares, so that chance alone is not told


def cautions(scores: Mapping[str, float], protocol: Protocol) -> list[str]:
    """A line for each thing, of the scores of one evaluation."""
    lines = []
    if few := too_few(scores, protocol):
        lines.append(f"few pictures: {few}")
    if above := above_real(scores, protocol.n_real, protocol.n_fake):
        told = [
            f"{label(name)} {shown(name, scores[name])} ({shown(name, scores[name + '/real'])})"
            for name in above[:NAMED]
        ]
        more = [f"{len(above) - NAMED} more"] if len(above) > NAMED else []
        lines.append(f"above real pictures (in brackets): {'; '.join([*told, *more])}. {PLEASED}")
    if blind := unread(scores):
        told = [
            f"{label(name)} {shown(name, scores[name + '/real'])} "
            f"({shown(name, scores[name + '/chance'])})"
            for name in blind
        ]
        lines.append(f"not read in real ones (guessing in brackets): {'; '.join(told)}. {BLIND}")
    return lines


PLEASED = (
    "Such a judge is pleased by something else than what makes pictures real; more of it is no "
    "better. Read one that the model was not trained on"
)
BLIND = (
    "Means and colours hold them, and are lower for it. Take a classifier that was trained longer, "
    "or with another seed"
)


def too_few(scores: Mapping[str, float], protocol: Protocol) -> str | None:
    """Of which Fréchet distances there are too few pictures, in words."""
    count = min(protocol.n_real, protocol.n_fake)
    small = {
        name: size
        for name, size in protocol.dimensions.items()
        if f"frechet/{name}" in scores and count < ENOUGH * size
    }
    if not small:
        return None
    named = ", ".join(
        f"{label(f'frechet/{name}')} of {number_of(size, 'feature', ',')}"
        for name, size in small.items()
    )
    most = ENOUGH * max(small.values())
    return (
        f"{named}: falls as their number grows, so only distances of equal counts compare "
        f"({count:,} on a side here; from {most:,} on it matters little)"
    )


def above_real(scores: Mapping[str, float], n_real: int, n_fake: int) -> list[str]:
    """Scores of generated pictures that are higher than those of real ones, by more than chance
    where that is known."""
    found = []
    for name in plain_names(scores):
        real = scores.get(f"{name}/real")
        if not name.startswith(JUDGED) or name not in scores or real is None:
            continue
        chance = 0.0
        if name.startswith(SHARES):
            spread = _spread(scores[name], n_fake) + _spread(real, n_real)
            chance = DEVIATIONS * math.sqrt(spread)
        if scores[name] > real + chance:
            found.append(name)
    return found


def unread(scores: Mapping[str, float]) -> list[str]:
    """Attributes that the classifier reads in real pictures no better than a guess."""
    return [
        name
        for name in plain_names(scores)
        if name.startswith("attribute_accuracy/")
        and scores.get(f"{name}/real", 1.0) <= scores.get(f"{name}/chance", 0.0)
    ]


def _spread(share: float, count: int) -> float:
    """The variance of a share of so many."""
    return share * (1 - share) / max(1, count)
