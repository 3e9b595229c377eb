"""`data=plumage`: the default data set, drawn instead of downloaded."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from experiments.data.reader.plumage.caption import write_captions
from experiments.data.reader.plumage.dice import Dice
from experiments.data.reader.plumage.render import RENDERER_VERSION, render
from experiments.data.reader.plumage.species import (
    COLOUR_ATTRIBUTES,
    SCENES,
    VALUES,
    Species,
    draw_species,
)
from experiments.data.record import Drop, Record
from experiments.terminal.error import BadInput, UserError

KEY = re.compile(r"species_(\d+)/(\d+)")
MAX_SPECIES = 1000
MAX_CAPTIONS = 20


class Plumage:
    """Rendered birds of invented species, class-disjoint between training and test.

    Everything is a function of the seed, the species and the image: what a picture shows depends
    neither on the size it is drawn at nor on how many images there are. Labels are species
    indices, training species first. Birds face left or right and captions say so: mirroring a
    picture makes some of its captions false, which is why `mirror` is False.
    """

    name = "plumage"
    mirror = False

    def __init__(
        self,
        images_per_species: int = 40,
        species: int = 200,
        test_species: int = 50,
        captions: int = 10,
        seed: int = 0,
    ) -> None:
        self.images_per_species = images_per_species
        self.species = species
        self.test_species = test_species
        self.captions = captions
        self.seed = seed

    def check(self) -> None:
        """Raise `UserError` for the first setting out of range."""
        limits = {
            "images_per_species": (1, 1_000_000),
            "species": (1, MAX_SPECIES),
            "test_species": (0, self.species - 1 if isinstance(self.species, int) else 0),
            "captions": (1, MAX_CAPTIONS),
            "seed": (0, 2**63 - 1),
        }
        for key, (low, high) in limits.items():
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise UserError(
                    f"data.reader.{key}={value!r}: use a whole number from {low} to {high}"
                )

    def fingerprint(self) -> str:
        """Settings and renderer version: there are no files."""
        return (
            f"plumage-{RENDERER_VERSION} species={self.species} test={self.test_species} "
            f"images={self.images_per_species} captions={self.captions} seed={self.seed}"
        )

    def birds(self) -> str:
        """What decides which birds there are and which are kept for the test: who was trained on
        the same knows these, however many pictures and captions each has."""
        return (
            f"plumage-{RENDERER_VERSION} species={self.species} test={self.test_species} "
            f"seed={self.seed}"
        )

    def read(self) -> Iterator[Record | Drop]:
        """All records, species by species; nothing is ever dropped."""
        first_test = self.species - self.test_species
        for label in range(self.species):
            for index in range(self.images_per_species):
                attributes = self.attributes(label, index)
                dice = Dice(self.seed, label, index, 2)
                captions, mentions = write_captions(attributes, self.captions, dice)
                yield Record(
                    key=f"species_{label:03d}/{index:04d}",
                    captions=captions,
                    label=label,
                    split="train" if label < first_test else "test",
                    attributes=attributes,
                    mentions=mentions,
                )

    def image(self, record: Record, size: int) -> np.ndarray:
        """The bird as uint8 (size, size, 3). Raises `BadInput` for a key of another data set."""
        label, index = self.numbers(record)
        seed = int(Dice(self.seed, label, index, 3).random() * 2**52)
        return render(self.attributes(label, index), size, seed)

    def numbers(self, record: Record) -> tuple[int, int]:
        """Of its species, and of it in the species. Raises `BadInput` for a key of another set."""
        match = KEY.fullmatch(record.key)
        if match is None or int(match[1]) >= self.species:
            raise BadInput(f"{record.key!r} is no record of this {self.name} set")
        return int(match[1]), int(match[2])

    def class_names(self) -> list[str]:
        """Species names, decorative; valid at any time."""
        return [species.name for species in self._all_species()]

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        """Every attribute with its values: the colour attributes first, then traits and scene."""
        return dict(VALUES)

    def colour_attributes(self) -> tuple[str, ...]:
        """The attributes whose values are colours."""
        return COLOUR_ATTRIBUTES

    def words(self) -> list[str] | None:
        """None: the vocabulary is built from the captions."""
        return None

    def _all_species(self) -> tuple[Species, ...]:
        return draw_species(self.species, self.test_species, self.seed)

    def attributes(self, label: int, index: int) -> dict[str, str]:
        """All of one bird: its species', its pose and its background."""
        dice = Dice(self.seed, label, index, 1)
        scene = {attribute: dice.pick(values) for attribute, values in SCENES.items()}
        return self._all_species()[label].attributes | scene
