"""`data=plumage_song`: invented birds that sing what they look like; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from experiments.data.reader.plumage import Plumage
from experiments.data.reader.plumage.dice import Dice
from experiments.data.reader.plumage.motif import RATE
from experiments.data.reader.plumage.song import HEARD, SONG_VERSION, Singer, Slot, sing, slots
from experiments.data.record import Drop, Record
from experiments.terminal.error import UserError

MOST_NOISE = 10.0


class PlumageSong(Plumage):
    """`Plumage` with a song for each picture, of the bird in it; docs/plumage_song.md has the
    grammar.

    A song is a function of the seed, the species and the picture's number, as the picture is.
    Pictures and captions are those of `Plumage` with the same settings. noise: how much of echoes
    and other sounds there is around a bird, 0: none.
    """

    name = "plumage_song"
    has = ("picture", "caption", "sound")

    def __init__(
        self,
        images_per_species: int = 8,
        species: int = 600,
        test_species: int = 100,
        captions: int = 3,
        seed: int = 0,
        noise: float = 1.0,
    ) -> None:
        super().__init__(images_per_species, species, test_species, captions, seed)
        self.noise = noise

    def check(self) -> None:
        """Raise `UserError` for the first setting out of range."""
        super().check()
        number = isinstance(self.noise, int | float) and not isinstance(self.noise, bool)
        if not number or not 0 <= self.noise <= MOST_NOISE:
            raise UserError(
                f"data.reader.noise={self.noise!r}: use a number from 0 to {MOST_NOISE:g}"
            )

    def fingerprint(self) -> str:
        """Settings and versions of both renderers."""
        return f"{super().fingerprint()} song-{SONG_VERSION} noise={float(self.noise)!r}"

    def read(self) -> Iterator[Record | Drop]:
        """All records, as those of `Plumage`, which also say what the bird does."""
        for record in super().read():
            if isinstance(record, Record):
                record = replace(record, more={"pose": record.attributes["pose"]})
            yield record

    def sound(self, record: Record) -> tuple[np.ndarray, int]:
        """The song (N,) float32 in [-1, 1], and its rate in Hz. Raises `BadInput` for a key of
        another data set."""
        attributes, seed = self._song(record)
        return sing(attributes, seed, self.noise), RATE

    def slots(self, record: Record) -> list[Slot]:
        """Where each part is sung in it. Raises `BadInput` likewise."""
        attributes, seed = self._song(record)
        return slots(attributes, Singer.of(seed))

    def heard_attributes(self) -> tuple[str, ...]:
        """What a song tells: the eight colours, the pattern and the size."""
        return HEARD

    def _song(self, record: Record) -> tuple[dict[str, str], int]:
        label, index = self.numbers(record)
        seed = int(Dice(self.seed, label, index, 5).random() * 2**52)
        return self.attributes(label, index), seed
