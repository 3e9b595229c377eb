"""`data=plumage_clips`: invented birds that fly, hop, land and more; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from experiments.data.reader.plumage import Plumage
from experiments.data.reader.plumage.dice import Dice
from experiments.data.reader.plumage.render import RENDERER_VERSION
from experiments.data.reader.plumage.species import COLOUR_ATTRIBUTES, SCENES, TRAITS, VALUES
from experiments.data.reader.plumage_clips.action import (
    ACTIONS,
    ALL_PATHS,
    DIRECTIONS,
    PATHS,
    SPEEDS,
)
from experiments.data.reader.plumage_clips.caption import write_captions
from experiments.data.reader.plumage_clips.film import CLIPS_VERSION, film
from experiments.data.record import Drop, Record
from experiments.terminal.error import UserError

MOVING = ("action", "direction", "speed", "path")
Unseen = Literal["both", "species", "combinations"]
LIMITS = {"frames": (2, 256), "side": (16, 512)}


class PlumageClips(Plumage):
    """Clips of birds of plumage with captions that say how they look and what they do;
    docs/plumage_clips.md has the grammar.

    A clip is a function of the seed, the species and its number, whatever size and number of frames
    it is drawn with. The test has species that are not trained on, and of those that are the one
    action that each was never seen doing (`Record.more["unseen"]`: "species" or "combinations").
    """

    name = "plumage_clips"
    has = ("picture", "caption", "clip")

    def __init__(
        self,
        images_per_species: int = 14,
        species: int = 400,
        test_species: int = 80,
        captions: int = 5,
        frames: int = 16,
        side: int = 64,
        rate: float = 10.0,
        unseen: Unseen = "both",
        seed: int = 0,
    ) -> None:
        """images_per_species: clips of each. frames, side (px), rate (frames a second): of a
        clip. unseen: what the test has; combinations that are kept for the test are never trained
        on, whatever it is."""
        super().__init__(images_per_species, species, test_species, captions, seed)
        self.frames, self.side, self.rate, self.unseen = frames, side, rate, unseen

    def check(self) -> None:
        """Raise `UserError` for the first setting out of range."""
        super().check()
        for key, (low, high) in LIMITS.items():
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise UserError(
                    f"data.reader.{key}={value!r}: use a whole number from {low} to {high}"
                )
        number = isinstance(self.rate, int | float) and not isinstance(self.rate, bool)
        if not number or not 0 < self.rate <= 1000:
            raise UserError(f"data.reader.rate={self.rate!r}: use a number above 0, up to 1000")
        if self.unseen not in ("both", "species", "combinations"):
            raise UserError(
                f"data.reader.unseen={self.unseen!r}: use both, species or combinations"
            )

    def fingerprint(self) -> str:
        """Settings and versions of both renderers."""
        return (
            f"plumage_clips-{CLIPS_VERSION} plumage-{RENDERER_VERSION} species={self.species} "
            f"test={self.test_species} images={self.images_per_species} captions={self.captions} "
            f"frames={self.frames} side={self.side} rate={float(self.rate)!r} "
            f"unseen={self.unseen} seed={self.seed}"
        )

    def read(self) -> Iterator[Record | Drop]:
        """All records, species by species; nothing is ever dropped."""
        first_test = self.species - self.test_species
        for label in range(self.species):
            new = "species" if label >= first_test else ""
            for index in range(self.images_per_species):
                attributes = self.attributes(label, index)
                alone = new or ("combinations" * (attributes["action"] == self.kept_action(label)))
                if alone and self.unseen not in ("both", alone):
                    continue
                dice = Dice(self.seed, label, index, 7)
                captions, mentions = write_captions(attributes, self.captions, dice)
                yield Record(
                    key=f"species_{label:03d}/{index:04d}",
                    captions=captions,
                    label=label,
                    split="test" if alone else "train",
                    attributes=attributes,
                    mentions=mentions,
                    more={"unseen": alone} if alone else {},
                )

    def clip(self, record: Record) -> tuple[np.ndarray, float]:
        """uint8 (frames, side, side, 3) and frames a second. Raises `BadInput` for a key of another
        data set."""
        return self._filmed(record, self.side, self.frames), float(self.rate)

    def image(self, record: Record, size: int) -> np.ndarray:
        """The first frame, uint8 (size, size, 3). Raises `BadInput` likewise."""
        return self._filmed(record, size, 1)[0]

    def attributes(self, label: int, index: int) -> dict[str, str]:
        """All of one clip: its species', what happens, and the background. Each seven clips of a
        species show the seven actions before one background, so that there are pairs of which only
        what happens differs."""
        shared = Dice(self.seed, label, index // len(ACTIONS), 8)
        background = shared.pick(SCENES["background"])
        action = shared.shuffled(ACTIONS)[index % len(ACTIONS)]
        dice = Dice(self.seed, label, index, 9)
        return self._all_species()[label].attributes | {
            "background": background,
            "action": action,
            "direction": dice.pick(DIRECTIONS),
            "speed": dice.pick(SPEEDS),
            "path": dice.pick(PATHS[action]),
        }

    def kept_action(self, label: int) -> str:
        """The action of a species that is kept for the test."""
        return Dice(self.seed, label, 10).pick(ACTIONS)

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        """Every attribute with its values: colours, traits, the background, and what happens."""
        still = (*COLOUR_ATTRIBUTES, *TRAITS, "background")
        return {name: VALUES[name] for name in still} | {
            "action": ACTIONS,
            "direction": DIRECTIONS,
            "speed": SPEEDS,
            "path": ALL_PATHS,
        }

    def moving_attributes(self) -> tuple[str, ...]:
        """The attributes that only a clip shows."""
        return MOVING

    def _filmed(self, record: Record, side: int, frames: int) -> np.ndarray:
        label, index = self.numbers(record)
        seed = int(Dice(self.seed, label, index, 3).random() * 2**52)
        times = np.linspace(0, 1, frames) if frames > 1 else np.zeros(1)
        return film(self.attributes(label, index), side, times, seed)
