"""`data=digits`: one or two digits that bounce (SBMG and TBMG of TGANs-C), rendered on demand."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

import numpy as np

from experiments.data.reader.digits.caption import Seen, Wording, write_captions
from experiments.data.reader.digits.glyph import Glyphs, Kind
from experiments.data.reader.digits.motion import MOTIONS, Bounce, drawn_path
from experiments.data.reader.digits.scene import Moving, Scene, reduced
from experiments.data.reader.digits.setting import check_settings, groups
from experiments.data.reader.plumage.dice import Dice
from experiments.data.record import Drop, Record
from experiments.terminal.error import BadInput

RENDERER_VERSION = 1
KEY = re.compile(r"(train|test)/(\d{6})")
INKS = ("white", "red", "orange", "yellow", "green", "blue", "purple")
GROUNDS = ("grey", "brown", "red", "green", "blue", "purple")
Split = Literal["train", "test"]
Content = tuple[int, ...]


class Digits:
    """Clips of moving digits with captions of the published wording; docs/digits.md has the rules.

    A clip is a function of the seed, its split and its number. Glyphs of the test are none of the
    training's; with `held_out` digits also move there as they never do in training. Its picture is
    the first frame.
    """

    name = "digits"
    mirror = False
    has = ("picture", "caption", "clip")

    def __init__(
        self,
        digits: int = 1,
        motions: str | Sequence[str] = "axis",
        captions: Wording = "tgans_c",
        frames: int = 16,
        side: int = 48,
        canvas: int = 64,
        speed: float | Sequence[float] = 7.2,
        bounce: Bounce = "reflect",
        initial_direction: Literal["random", "positive"] = "random",
        distinct: bool = True,
        colour: Literal["grey", "digit", "both"] = "grey",
        held_out: bool = False,
        train_clips: int = 10_000,
        test_clips: int = 2_000,
        rate: float = 10.0,
        glyphs: Kind = "auto",
        root: str | None = None,
        follow_links: bool | None = None,
        seed: int = 0,
    ) -> None:
        """digits: 1 or 2. motions: groups of `MOTIONS`. side: px of clips, reduced by areas from
        the `canvas`, on which a digit has 28 px. speed: px of the canvas a frame, or from and to.
        distinct: whether two digits differ. held_out: half of all combinations of digits and
        motions are in the test alone. rate: frames a second."""
        self.digits, self.captions, self.frames, self.side = digits, captions, frames, side
        self.canvas, self.speed, self.bounce = canvas, speed, bounce
        self.initial_direction, self.distinct, self.colour = initial_direction, distinct, colour
        self.held_out, self.train_clips, self.test_clips = held_out, train_clips, test_clips
        self.rate, self.root, self.seed, self.motions = rate, root, seed, motions
        self.glyphs, self.follow_links = glyphs, follow_links
        self._glyphs = Glyphs(
            glyphs, root, seed if isinstance(seed, int) else 0, bool(follow_links)
        )

    def check(self) -> None:
        """Raise `UserError` for the first setting out of range, and for files that cannot be
        read."""
        check_settings(vars(self))
        self._glyphs.check()

    def fingerprint(self) -> str:
        """Settings, renderer version and what the glyphs are."""
        names = (
            *("digits", "captions", "frames", "side", "canvas", "bounce", "initial_direction"),
            *("distinct", "colour", "held_out", "train_clips", "test_clips", "seed"),
        )
        settings = " ".join(f"{name}={getattr(self, name)}" for name in names)
        more = f"speed={self._speed} motions={','.join(self._motions)} rate={float(self.rate)!r}"
        return f"digits-{RENDERER_VERSION} {settings} {more} glyphs={self._glyphs.identity()}"

    def read(self) -> Iterator[Record | Drop]:
        """All records, those to train on first; combinations take turns."""
        splits: tuple[Split, Split] = ("train", "test")
        for split in splits:
            for index in range(self.train_clips if split == "train" else self.test_clips):
                yield self._record(split, index)

    def clip(self, record: Record) -> tuple[np.ndarray, float]:
        """uint8 (frames, side, side, 1, or 3 where there is colour) and frames a second. Raises
        `BadInput` for a key of another data set."""
        return reduced(self._pixels(record, self.frames), self.side), float(self.rate)

    def image(self, record: Record, size: int) -> np.ndarray:
        """The first frame, uint8 (size, size, 3). Raises `BadInput` likewise."""
        pixels = reduced(self._pixels(record, 1), size)[0]
        return np.broadcast_to(pixels, (size, size, 3)).copy()

    def scene(self, record: Record) -> Scene:
        """All that its clip shows. Raises `BadInput` likewise."""
        return self._scene(*self._place(record))

    def glyphs_of(self, record: Record) -> list[np.ndarray]:
        """Of each digit in its clip, uint8 (28, 28). Raises `BadInput` likewise."""
        split, index = self._place(record)
        digits = self._scene(split, index).digits
        return [self._glyphs.glyph(split, one.seen.digit, one.number) for one in digits]

    def class_names(self) -> list[str]:
        """What is in a clip, by label: digits, whatever they do."""
        return [" and ".join(map(str, content)) for content in self._classes]

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        """Of each digit: what it is, how it moves, its colour; then the background."""
        found: dict[str, tuple[str, ...]] = {}
        for end in self._ends:
            found[f"digit{end}"] = tuple("0123456789")
            found[f"motion{end}"] = self._motions
        for end in self._ends if self.colour != "grey" else ():
            found[f"colour{end}"] = INKS
        return found | ({"background": GROUNDS} if self.colour == "both" else {})

    def colour_attributes(self) -> tuple[str, ...]:
        """The attributes whose values are colours."""
        return tuple(n for n in self.attribute_values() if n.startswith(("colour", "background")))

    def moving_attributes(self) -> tuple[str, ...]:
        """The attributes that only a clip shows."""
        return tuple(f"motion{end}" for end in self._ends)

    def words(self) -> list[str] | None:
        """None: the vocabulary is built from the captions."""
        return None

    def combinations(self, split: Split) -> list[tuple[Content, tuple[str, ...]]]:
        """All digits with all motions that a split shows, in the order of its clips."""
        return self._combinations[split]

    @property
    def _ends(self) -> tuple[str, ...]:
        return ("",) if self.digits == 1 else ("_a", "_b")

    @property
    def _motions(self) -> tuple[str, ...]:
        return tuple(name for group in groups(self.motions) for name in MOTIONS[group])

    @property
    def _speed(self) -> tuple[float, float]:
        low, high = (self.speed,) * 2 if isinstance(self.speed, int | float) else self.speed
        return float(low), float(high)

    @cached_property
    def _contents(self) -> list[Content]:
        every = itertools.product(range(10), repeat=self.digits)
        return [c for c in every if len(set(c)) == len(c) or not self.distinct]

    @cached_property
    def _classes(self) -> list[Content]:
        """Contents in whatever order: a clip shows none."""
        return [c for c in self._contents if list(c) == sorted(c)]

    @cached_property
    def _combinations(self) -> dict[Split, list[tuple[Content, tuple[str, ...]]]]:
        """Held out is where digits and the numbers of motions have an even sum: one of two motions
        of a digit, and two of four pairs of an ordered pair of digits, as in Sync-DRAW."""
        found: dict[Split, list[tuple[Content, tuple[str, ...]]]] = {"train": [], "test": []}
        numbers = range(len(self._motions))
        for content in self._contents:
            for moves in itertools.product(numbers, repeat=self.digits):
                named = (content, tuple(self._motions[k] for k in moves))
                even = (sum(content) + sum(moves)) % 2 == 0
                for split in found:
                    if not self.held_out or even == (split == "test"):
                        found[split].append(named)
        dice = Dice(self.seed, 12)
        return {split: dice.shuffled(names) for split, names in found.items()}

    def _place(self, record: Record) -> tuple[Split, int]:
        match = KEY.fullmatch(record.key)
        if match is None:
            raise BadInput(f"{record.key!r} is no record of this {self.name} set")
        return "train" if match[1] == "train" else "test", int(match[2])

    def _pixels(self, record: Record, frames: int) -> np.ndarray:
        """The first frames on the canvas, uint8 (frames, canvas, canvas, C)."""
        scene = self.scene(record)
        return scene.render(self.glyphs_of(record), frames, self.canvas, self.bounce)

    def _scene(self, split: Split, index: int) -> Scene:
        choice = self._combinations[split]
        content, motions = choice[index % len(choice)]
        dice = Dice(self.seed, 13, ("train", "test").index(split), index)
        inks = dice.shuffled(INKS) if self.colour != "grey" else [""] * len(INKS)
        grounds = [name for name in GROUNDS if name not in inks[: self.digits]]
        background = dice.pick(grounds) if self.colour == "both" else ""
        moving = []
        for digit, motion, ink in zip(content, motions, inks, strict=False):
            number = int(dice.random() * 2**52)
            positive = self.initial_direction == "positive"
            path = drawn_path(motion, self._speed, positive, dice)
            moving.append(Moving(Seen(digit, motion, ink), number, path))
        return Scene(tuple(moving), background)

    def _record(self, split: Split, index: int) -> Record:
        choice = self._combinations[split]
        scene = self._scene(split, index)
        seen = [one.seen for one in scene.digits]
        attributes: dict[str, str] = {}
        # The smaller digit is `a`, whichever is named first: a clip shows no order.
        told = sorted(seen, key=lambda one: (one.digit, one.motion, one.colour))
        for end, one in zip(self._ends, told, strict=True):
            attributes |= {f"digit{end}": str(one.digit), f"motion{end}": one.motion}
            attributes |= {f"colour{end}": one.colour} if one.colour else {}
        attributes |= {"background": scene.background} if scene.background else {}
        captions = write_captions(seen, self.captions, scene.background)
        return Record(
            key=f"{split}/{index:06d}",
            captions=captions,
            label=self._classes.index(tuple(sorted(choice[index % len(choice)][0]))),
            split=split,
            attributes=attributes,
            mentions=(tuple(attributes),) * len(captions),
        )
