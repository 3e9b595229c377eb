"""The attribute grammar and the species drawn from it.

A species fixes a palette (eight colour attributes), pattern, size and beak shape; pose and
background belong to the picture. Palettes follow templates such as hood, mantle and waistcoat, so
a bird wears three or four colours in plausible places, while the choice of colours is balanced:
over all species every attribute takes every colour about equally often, so agreeing by chance is
rare.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from experiments.data.reader.plumage.dice import Dice

COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (40, 40, 47),
    "white": (248, 248, 245),
    "grey": (146, 150, 157),
    "brown": (122, 76, 44),
    "red": (212, 38, 42),
    "orange": (247, 132, 22),
    "yellow": (253, 217, 46),
    "green": (54, 156, 72),
    "blue": (40, 102, 212),
    "purple": (142, 66, 178),
}
COLOUR_ATTRIBUTES = ("crown", "back", "breast", "belly", "wing", "tail", "beak", "legs")
TRAITS: dict[str, tuple[str, ...]] = {
    "pattern": ("plain", "spotted", "streaked", "barred"),
    "size": ("small", "medium", "large"),
    "beak_shape": ("short", "long", "hooked", "curved"),
}
SCENES: dict[str, tuple[str, ...]] = {
    "pose": ("perched left", "perched right", "flying"),
    "background": ("sky", "leaves", "water", "snow", "dusk", "meadow"),
}
VALUES: dict[str, tuple[str, ...]] = {
    **{attribute: tuple(COLOURS) for attribute in COLOUR_ATTRIBUTES},
    **TRAITS,
    **SCENES,
}

# One letter per colour attribute, in their order; equal letters share a colour.
TEMPLATES = {
    "hood": "ABACBBDD",
    "cap": "ABCCBADD",
    "mantle": "AABBAACC",
    "bib": "ABCDBBAA",
    "waistcoat": "AABCAADD",
    "dipper": "AABAACDC",
    "painted wings": "AAAABBCC",
    "saddle": "ABAABCCD",
    "bright tail": "ABBCADDC",
    "bellied": "AAABCCDD",
    "wagtail": "ABCCDBAD",
    "collar": "ABBCCADB",
    "pied": "ABBACBCA",
    "masked": "ABCBDACD",
    "crested": "ABBBCACD",
    "jay": "ABCDABDC",
}
# Pairs that quarrel on one bird; a preference, never a rule, or colours would lose their balance.
QUARRELS = {
    frozenset(pair.split())
    for pair in ("red purple", "red green", "green purple", "orange purple", "brown purple")
}
NEUTRAL = {"black", "white", "grey", "brown"}
TINTS = {
    "black": ("ebony", "sable", "raven", "inky"),
    "white": ("ivory", "pearl", "snowy", "alabaster"),
    "grey": ("ashen", "slate", "silver", "pewter"),
    "brown": ("chestnut", "umber", "russet", "cocoa"),
    "red": ("crimson", "scarlet", "ruby", "cherry"),
    "orange": ("amber", "tangerine", "apricot", "saffron"),
    "yellow": ("golden", "lemon", "sulphur", "honey"),
    "green": ("emerald", "moss", "olive", "jade"),
    "blue": ("azure", "cobalt", "sapphire", "indigo"),
    "purple": ("violet", "plum", "amethyst", "heather"),
}
WORN = ("crowned", "backed", "breasted", "bellied", "winged", "tailed", "billed", "legged")
KINDS = {
    "small": ("wren", "finch", "tit", "warbler", "siskin", "pipit", "kinglet", "bunting"),
    "medium": ("thrush", "starling", "lark", "oriole", "tanager", "shrike", "grosbeak", "swift"),
    "large": ("jay", "magpie", "cuckoo", "dove", "roller", "hoopoe", "plover", "kestrel"),
}


@dataclass(frozen=True)
class Species:
    """What all pictures of a species share; `attributes` lacks pose and background."""

    name: str
    attributes: dict[str, str]


def _palette(dice: Dice) -> dict[str, str]:
    template = TEMPLATES[dice.pick(tuple(TEMPLATES))]
    colours = dict(zip("ABCD", dice.shuffled(tuple(COLOURS)), strict=False))
    return {a: colours[letter] for a, letter in zip(COLOUR_ATTRIBUTES, template, strict=True)}


def _discord(palette: dict[str, str]) -> float:
    """How much a palette displeases: quarrels, a missing neutral, an all-dull bird."""
    worn = set(palette.values())
    quarrels = sum(frozenset(pair) in QUARRELS for pair in combinations(sorted(worn), 2))
    return 1.5 * quarrels + 2.0 * (not worn & NEUTRAL) + 1.5 * (len(worn - NEUTRAL) == 0)


def _draw_palettes(count: int, dice: Dice, candidates: int = 60) -> list[dict[str, str]]:
    """Greedy balance: of many palettes take the one whose colours were used least so far."""
    used: Counter[tuple[str, str]] = Counter()
    chosen: list[dict[str, str]] = []
    for _ in range(count):
        best: dict[str, str] | None = None
        lowest = float("inf")
        for _ in range(candidates):
            palette = _palette(dice)
            score = _discord(palette) + sum(used[item] ** 1.5 for item in palette.items())
            if score < lowest and palette not in chosen:
                best, lowest = palette, score
        assert best is not None
        chosen.append(best)
        used.update(best.items())
    return chosen


def _hold_out(palettes: list[dict[str, str]], test: int, dice: Dice) -> set[int]:
    """Indices of test species, such that each colour of each attribute stays in training."""
    left = Counter(item for palette in palettes for item in palette.items())
    order = dice.shuffled(range(len(palettes)))
    held: set[int] = set()
    for spare in (1, 0):  # with very few species not every colour can stay
        for index in order:
            items = palettes[index].items()
            if len(held) < test and index not in held and all(left[i] > spare for i in items):
                held.add(index)
                left.subtract(items)
    return held


def _name(attributes: dict[str, str], taken: set[str], dice: Dice) -> str:
    while True:
        which = dice.below(len(COLOUR_ATTRIBUTES))
        tint = dice.pick(TINTS[attributes[COLOUR_ATTRIBUTES[which]]])
        name = f"{tint}-{WORN[which]} {dice.pick(KINDS[attributes['size']])}"
        if name not in taken:
            taken.add(name)
            return name


@lru_cache(maxsize=8)
def draw_species(count: int, test: int, seed: int) -> tuple[Species, ...]:
    """All species of a data set, the `test` held-out ones last."""
    dice = Dice(seed, 0x5BEC1E5)
    palettes = _draw_palettes(count, dice)
    held = _hold_out(palettes, test, dice)
    ordered = [p for i, p in enumerate(palettes) if i not in held]
    ordered += [palettes[i] for i in sorted(held)]
    traits = {}
    for trait, values in TRAITS.items():
        repeated = [values[i % len(values)] for i in range(count)]
        traits[trait] = dice.shuffled(repeated)
    taken: set[str] = set()
    species = []
    for index, palette in enumerate(ordered):
        attributes = palette | {trait: traits[trait][index] for trait in TRAITS}
        species.append(Species(_name(attributes, taken, dice), attributes))
    return tuple(species)
