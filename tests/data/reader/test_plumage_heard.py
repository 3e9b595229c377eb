"""A whole bird is read from its song, by ear and ruler: what is true is in the sound.

No network, and nothing of the reader but the grammar: for each rhythm and register the places of
the motifs are tried, each is compared with all ten, and what fits best in all is what was sung.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from experiments.data.reader.plumage.motif import MOTIFS, RATE
from experiments.data.reader.plumage.song import REGISTERS, RHYTHMS, TUNE, Singer, slots
from experiments.data.reader.plumage.species import COLOUR_ATTRIBUTES
from experiments.data.reader.plumage_song import PlumageSong
from experiments.data.record import Record
from experiments.frontend.decibel import LMS

FRAMES = 10  # of 32 ms, of one motif
WHITE = dict.fromkeys(COLOUR_ATTRIBUTES, "white")


@cache
def templates(size: str, step: int, length: int) -> np.ndarray:
    """Of the ten motifs, as a bird in the middle of its species would sing them."""
    pitch = REGISTERS[size] * 2 ** (step / 12)
    return seen([motif(pitch, length) for motif in MOTIFS.values()])


def seen(waves: list[np.ndarray]) -> np.ndarray:
    """Log mel spectra (B, FRAMES, 128) as networks take them: 32 ms a frame, blurred by a bin
    either way, since individuals sing higher or lower."""
    rows = np.zeros((len(waves), (FRAMES - 1) * 512), np.float32)
    for row, wave in zip(rows, waves, strict=True):
        row[: len(wave)] = wave[: len(row)]
    front_end = LMS(rate=RATE, n_fft=1024, hop=512, bins=128)
    counts = torch.full((len(rows),), rows.shape[1])
    spectra = front_end(torch.from_numpy(rows), counts)[0].numpy()
    near = np.maximum(spectra, -40)
    return near + np.roll(near, 1, 2) + np.roll(near, -1, 2)


def read(wave: np.ndarray) -> dict[str, str]:
    """All that a clean song tells."""
    loud = np.flatnonzero(np.abs(wave) > 0.01)
    best, found = float("inf"), {}
    for pattern, rhythm in RHYTHMS.items():
        length = sum(motif + pause for motif, pause in rhythm) - rhythm[-1][1]
        tempo = length * RATE / (loud[-1] - loud[0])
        singer = Singer(tempo=tempo, onset=loud[0] / RATE)
        for size in REGISTERS:
            song = slots(WHITE | {"pattern": pattern, "size": size}, singer)
            heard = seen([wave[s.start : s.start + s.count] for s in song])
            known = np.stack([
                templates(size, step, round(motif * RATE))
                for step, (motif, _) in zip(TUNE, rhythm, strict=True)
            ])  # fmt: skip
            apart = np.square(heard[:, None] - known).mean((2, 3))  # (8, 10)
            if apart.min(1).sum() < best:
                best = apart.min(1).sum()
                colours = [list(MOTIFS)[k] for k in apart.argmin(1)]
                found = dict(zip(COLOUR_ATTRIBUTES, colours, strict=True))
                found |= {"pattern": pattern, "size": size}
    return found


def test_unseen_birds_are_read_from_their_songs() -> None:
    reader = PlumageSong(images_per_species=1, noise=0.0)
    birds = [r for r in reader.read() if isinstance(r, Record) and r.split == "test"][::4]
    right = dict.fromkeys(reader.heard_attributes(), 0)
    for bird in birds:
        found = read(reader.sound(bird)[0])
        for name in right:
            right[name] += found[name] == bird.attributes[name]
    assert len(birds) == 25
    motifs = sum(right[part] for part in COLOUR_ATTRIBUTES)
    assert motifs >= 0.95 * 8 * len(birds), right
    assert right["pattern"] >= 0.95 * len(birds) and right["size"] >= 0.95 * len(birds), right
