"""What comes back of songs whose spectra were turned into sound again, by rounds."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.row import Row
from experiments.config.build import build
from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.data.reader.plumage_song import PlumageSong
from experiments.data.record import Record
from experiments.frontend.decibel import LMS, powers_of
from experiments.frontend.griffin_lim import under_filters
from experiments.frontend.table import filters_on

SONGS = 8
PHASES = (0, 10, 30, 60, 100, 200)  # rounds of Griffin-Lim
POWERS = (0, 5, 10, 30, 100)  # rounds under mel filters
LOUD = -40.0  # dB: places above it are looked at


def measure(options: Namespace) -> list[Row]:
    """Means over songs of plumage, at the rate, window and hop of `data=plumage_song`."""
    torch.set_num_threads(options.threads)
    node = checked_compose(["model=classifier", "encoder=song_classifier", "data=plumage_song"])
    excerpt = build(plain(node.encoder.excerpt))
    maker: LMS = excerpt.frontend
    features = heard(maker, songs(excerpt))
    mels = powers_of(features)
    filters = filters_on(mels, maker.rate, maker.n_fft, maker.bins, 0.0, maker.rate / 2)
    ways = {"pseudo-inverse": (mels @ torch.linalg.pinv(filters)).clamp_min(0)}
    ways |= {f"{rounds} rounds": under_filters(mels, filters, rounds) for rounds in POWERS}
    rows = [
        Row("inverse", f"mels off by powers of {name}", off(found @ filters, mels), " dB")
        for name, found in ways.items()
    ]
    for rounds in PHASES:
        began = time.process_time()
        again = heard(maker, maker.inverse(features, excerpt.samples, rounds))
        spent = (time.process_time() - began) / SONGS
        distance = off(powers_of(again), mels)
        rows.append(Row("inverse", f"LMS off, {rounds} rounds of phases", distance, " dB"))
        rows.append(Row("inverse", f"a song of {rounds} rounds", 1e3 * spent, " ms"))
    return rows


def songs(excerpt: Any) -> Tensor:
    """(SONGS, N) of as many species."""
    reader = PlumageSong(images_per_species=1, species=SONGS, test_species=1)
    records = [record for record in reader.read() if isinstance(record, Record)]
    waves = [excerpt.heard(reader.sound(record)[0]) for record in records[:SONGS]]
    return torch.from_numpy(np.stack(waves))


def heard(maker: LMS, waves: Tensor) -> Tensor:
    """Features (B, T, bins)."""
    return maker(waves, torch.full((len(waves),), waves.shape[1]))[0]


def off(found: Tensor, mels: Tensor) -> float:
    """How far mel powers are from those wanted, in dB, at places within 40 dB of the loudest."""
    loud = mels > 10 ** (LOUD / 10)
    decibels = 10 * (found.clamp_min(1e-10) / mels).log10().abs()
    return float(decibels[loud].mean())
