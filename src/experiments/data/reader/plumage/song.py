"""The grammar of invented songs, and how one sounds.

A song has eight motifs, one for each coloured part in their order. The colour of the part chooses
the motif, the size of the bird how high all are sung, its pattern the rhythm. So whoever hears a
song can tell all colours of the bird, its pattern and its size. Individuals of a species sing the
same song, each in its own tempo and pitch, near or far.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from experiments.data.reader.plumage.air import carried
from experiments.data.reader.plumage.dice import Dice
from experiments.data.reader.plumage.motif import MOTIFS, RATE, SEMITONE
from experiments.data.reader.plumage.species import COLOUR_ATTRIBUTES, VALUES

SONG_VERSION = 2  # 1 had harder trills and more of an echo
HEARD = (*COLOUR_ATTRIBUTES, "pattern", "size")
REGISTERS = {"small": 3000.0, "medium": 2120.0, "large": 1500.0}  # Hz: half an octave apart
# Semitones that the motifs of a song stand above its register: a small tune that comes home.
TUNE = (0, 2, 4, 2, 0, 4, 2, -3)
# Seconds of each motif and of the pause after it.
RHYTHMS: dict[str, tuple[tuple[float, float], ...]] = {
    "plain": ((0.215, 0.070),) * 8,
    "spotted": ((0.215, 0.025), (0.215, 0.115)) * 4,
    "streaked": tuple((0.78 * beat, 0.22 * beat) for beat in np.linspace(0.36, 0.21, 8).tolist()),
    "barred": ((0.280, 0.070), (0.155, 0.070)) * 4,
}
END = 0.20  # seconds after the last motif


@dataclass(frozen=True)
class Slot:
    """One motif of a song: whose colour it tells, its beginning and length in samples, its pitch
    in Hz."""

    part: str
    colour: str
    start: int
    count: int
    pitch: float


@dataclass(frozen=True)
class Singer:
    """What makes one bird sound unlike others of its species.

    tempo and pitch: factors; level: a factor; distance: from 0, near, to 1; onset: seconds before
    the first motif; colour and loudness of what else is heard (see `air.carried`); seed: of that.
    """

    tempo: float = 1.0
    pitch: float = 1.0
    level: float = 1.0
    distance: float = 0.0
    onset: float = 0.1
    colour: float = 0.7
    loudness: float = 0.0
    seed: int = 0

    @classmethod
    def of(cls, seed: int) -> Singer:
        """The one that a seed decides."""
        dice = Dice(seed, 6)
        distance = dice.random()
        return cls(
            tempo=dice.between(0.95, 1.05),
            pitch=dice.between(0.97, 1.03),
            level=10 ** (-(dice.between(0, 5) + 5 * distance) / 20),
            distance=distance,
            onset=dice.between(0.06, 0.12),
            colour=dice.between(0.4, 0.9),
            loudness=10 ** (dice.between(-56, -42) / 20),
            seed=int(dice.random() * 2**52),
        )


def slots(attributes: Mapping[str, str], singer: Singer) -> list[Slot]:
    """The eight motifs of a song, in their order."""
    base = REGISTERS[attributes["size"]] * singer.pitch
    time = singer.onset
    found = []
    for part, step, (motif, pause) in zip(
        COLOUR_ATTRIBUTES, TUNE, RHYTHMS[attributes["pattern"]], strict=True
    ):
        start = round(time * RATE)
        count = round(motif / singer.tempo * RATE)
        found.append(Slot(part, attributes[part], start, count, base * SEMITONE**step))
        time += (motif + pause) / singer.tempo
    return found


def sing(
    attributes: Mapping[str, str], seed: int, noise: float = 1.0, singer: Singer | None = None
) -> np.ndarray:
    """A song as (N,) float32 in [-1, 1] at 16 kHz, of 2 to 3 s.

    `attributes` may be any of `VALUES`; those of `HEARD` that are left out are drawn from `seed`,
    which also decides the singer where none is given. noise: how much of echoes and other sounds
    there is, 0: none. Raises `ValueError` for an unknown name or value.
    """
    for name, value in attributes.items():
        if value not in VALUES.get(name, ()):
            raise ValueError(f"{name}={value!r}: choose from {VALUES.get(name, tuple(VALUES))}")
    dice = Dice(seed, 5)
    told = {name: dice.pick(VALUES[name]) for name in HEARD} | dict(attributes)
    singer = singer or Singer.of(seed)
    song = slots(told, singer)
    wave = np.zeros(song[-1].start + song[-1].count + round(END * RATE))
    for slot in song:
        wave[slot.start : slot.start + slot.count] = MOTIFS[slot.colour](slot.pitch, slot.count)
    heard = carried(
        wave * singer.level, singer.distance, noise, singer.colour, singer.loudness, singer.seed
    )
    peak = float(np.abs(heard).max())
    return (heard / max(peak, 1.0)).astype(np.float32)
