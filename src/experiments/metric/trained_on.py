"""Pictures of the training split, as extractors see them: what generated ones may be copies of."""

from __future__ import annotations

import hashlib

import numpy as np

from experiments.data.store.split import Split
from experiments.metric.kept import FORMAT, Kept, Subject
from experiments.metric.neighbour import MOST
from experiments.metric.protocol import Protocol
from experiments.metric.real import at_once, real_images
from experiments.metric.rows import Rows, looked_at
from experiments.metric.seen import Eyes
from experiments.terminal.line import number_of


def copies_of(split: Split) -> str:
    """In how many pictures copies are looked for, in words, for the record."""
    some = f"{min(MOST, len(split)):,} of {number_of(len(split), 'picture', ',')}"
    return f"{some} of split {split.name}"


def training_rows(eyes: Eyes, subject: Subject, protocol: Protocol, kept: Kept) -> Rows:
    """Features of pictures of the training split, on the CPU: of `MOST` at most, drawn by the
    protocol's seed. All processes call it together."""
    split, size = subject.dataset.train, subject.system.resolutions[-1]
    order = np.random.default_rng([protocol.seed, 8]).permutation(len(split))
    chosen = np.sort(order[:MOST])

    def look(places: np.ndarray) -> Rows:
        seen = eyes.see(real_images(split, chosen[places], size, subject.ranks.device))
        return {name: rows for name, rows in seen.items() if name.startswith("features/")}

    keys = hashlib.sha256("\n".join(split.keys[row] for row in chosen).encode()).hexdigest()
    weights = {name: protocol.weights[name] for name in protocol.resize}
    return kept.rows(
        subject,
        "training",
        [FORMAT, subject.dataset.size, keys, protocol.crop, protocol.resize, weights],
        len(chosen),
        lambda: looked_at(len(chosen), at_once(size), subject.ranks, look),
    )
