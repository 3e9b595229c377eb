"""Captions in the manner of CUB: ten a picture, all true, no two alike.

Each states two or three colours, sometimes the shape of the beak, size, pattern, pose or
background, four attributes at most. The colour attributes of one picture are dealt like cards, so
over its captions every part is named equally often. Colour words are the exact attribute values.
"""

from __future__ import annotations

from experiments.data.reader.plumage.dice import Dice
from experiments.data.reader.plumage.species import COLOUR_ATTRIBUTES

MAX_WORDS = 17
MAX_STATED = 4
WORDS = {
    "crown": ("crown", "crown", "crown", "cap"),
    "back": ("back",),
    "breast": ("breast", "breast", "chest"),
    "belly": ("belly",),
    "wing": ("wings",),
    "tail": ("tail",),
    "beak": ("beak", "beak", "bill"),
    "legs": ("legs", "legs", "feet"),
}
PLURAL = {"wings", "legs", "feet"}
VIVID = {"red", "orange", "yellow", "green", "blue"}
POSE = {
    "perched left": ("perched and facing left", "sitting on a branch facing left", "facing left"),
    "perched right": (
        "perched and facing right",
        "sitting on a branch facing right",
        "facing right",
    ),
    "flying": ("flying", "in flight", "flying with its feathers spread"),
}
PLACE = {
    "sky": ("against the sky", "in front of the sky"),
    "leaves": ("among the leaves", "in front of leaves"),
    "water": ("by the water", "in front of water"),
    "snow": ("in the snow", "on a snowy day"),
    "dusk": ("at dusk", "at sunset"),
    "meadow": ("in a meadow", "in front of a meadow"),
}
PATTERN = {
    "plain": ("plain plumage", "plain feathers"),
    "spotted": ("spotted underparts", "a spotted underside"),
    "streaked": ("streaked underparts", "a streaked underside"),
    "barred": ("wing bars", "two wing bars"),
}
OPENINGS = (
    "this {}bird has",
    "this {}bird has",
    "the {}bird has",
    "this is a {}bird that has",
    "this is a {}bird with",
    "a {}bird with",
    "a {}bird with",
    "a {}bird that has",
)
SUBJECTS = ("this {}bird is", "the {}bird is")
# Chance that a caption with room for it also states the trait.
EXTRAS = (("size", 0.25), ("pattern", 0.25), ("pose", 0.3), ("background", 0.3))


def _noun_phrase(parts: list[str], attributes: dict[str, str], shape: bool, dice: Dice) -> str:
    """`a short yellow beak`, or `a red crown and breast` for parts of one colour."""
    nouns = [dice.pick(WORDS[part]) for part in parts]
    colour = attributes[parts[0]]
    adjectives = [colour]
    if shape:
        adjectives.insert(0, attributes["beak_shape"])
    elif colour in VIVID and dice.random() < 0.12:
        adjectives.insert(0, "bright")
    phrase = " ".join([*adjectives, " and ".join(nouns)])
    if nouns[0] in PLURAL:
        return phrase
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def _joined(phrases: list[str], dice: Dice) -> str:
    if len(phrases) == 1:
        return phrases[0]
    comma = "," if len(phrases) > 2 and dice.random() < 0.3 else ""
    return ", ".join(phrases[:-1]) + f"{comma} and {phrases[-1]}"


def _features(parts: list[str], attributes: dict[str, str], shape: bool, dice: Dice) -> list[str]:
    """Noun phrases in order; half of the neighbours of one colour share a phrase."""
    phrases = []
    rest = list(parts)
    while rest:
        taken = [rest.pop(0)]
        named = shape and taken[0] == "beak"
        same = [p for p in rest if attributes[p] == attributes[taken[0]]]
        if same and not named and not (shape and same[0] == "beak") and dice.random() < 0.5:
            taken.append(same[0])
            rest.remove(same[0])
        phrases.append(_noun_phrase(taken, attributes, named, dice))
    return phrases


def _statements(parts: list[str], attributes: dict[str, str], shape: bool, dice: Dice) -> str:
    """`the crown is red, its wings are black and its beak is short and yellow`."""
    owner = dice.pick(("its", "its", "the"))
    start = dice.pick(("this bird's", "the bird's", owner, owner))
    clauses = []
    for position, part in enumerate(parts):
        noun = dice.pick(WORDS[part])
        value = attributes[part]
        if shape and part == "beak":
            value = f"{attributes['beak_shape']} and {value}"
        verb = "are" if noun in PLURAL else "is"
        clauses.append(f"{start if position == 0 else owner} {noun} {verb} {value}")
    return _joined(clauses, dice)


def _compose(
    parts: list[str], attributes: dict[str, str], extras: list[str], shape: bool, dice: Dice
) -> str:
    """The caption of `parts` with `extras`: as a list of features or as statements."""
    size = f"{attributes['size']} " if "size" in extras else ""
    ending = [dice.pick(POSE[attributes["pose"]])] if "pose" in extras else []
    ending += [dice.pick(PLACE[attributes["background"]])] if "background" in extras else []
    if "pattern" not in extras and (ending or not size) and dice.random() < 0.25:
        statements = _statements(parts, attributes, shape, dice)
        if not ending:
            return statements
        return f"{dice.pick(SUBJECTS).format(size)} {' '.join(ending)}; {statements}"
    features = _features(parts, attributes, shape, dice)
    if "pattern" in extras:
        features.append(dice.pick(PATTERN[attributes["pattern"]]))
    caption = f"{dice.pick(OPENINGS).format(size)} {_joined(features, dice)}"
    if not ending:
        return caption
    return f"{caption}{', ' if 'pose' in extras else ' '}{' '.join(ending)}"


def _write(parts: list[str], attributes: dict[str, str], dice: Dice) -> tuple[str, tuple[str, ...]]:
    """One caption about `parts`, and the attributes that it states."""
    shape = "beak" in parts and dice.random() < 0.4
    stated = [*parts, "beak_shape"] if shape else list(parts)
    extras: list[str] = []
    for position in dice.shuffled(range(len(EXTRAS))):
        extra, chance = EXTRAS[position]
        if len(stated) + len(extras) < MAX_STATED and dice.random() < chance:
            extras.append(extra)
    caption = _compose(parts, attributes, extras, shape, dice)
    while extras and len(caption.split()) > MAX_WORDS:
        extras.pop()
        caption = _compose(parts, attributes, extras, shape, dice)
    return caption, tuple(stated + extras)


def _deal(count: int, dice: Dice) -> list[list[str]]:
    """The colour attributes of `count` captions: three for four captions in ten, else two."""
    sizes = dice.shuffled([3 if k % 10 in (0, 2, 5, 7) else 2 for k in range(count)])
    deck: list[str] = []
    hands = []
    for size in sizes:
        hand: list[str] = []
        while len(hand) < size:
            if not deck:
                deck = dice.shuffled(COLOUR_ATTRIBUTES)
                # A part left over from the last round must not be dealt twice to one caption.
                deck.sort(key=hand.__contains__)
            hand.append(deck.pop(0))
        hands.append(hand)
    return hands


def write_captions(
    attributes: dict[str, str], count: int, dice: Dice
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """`count` different captions and, for each, the attributes that it states."""
    captions: list[str] = []
    mentions: list[tuple[str, ...]] = []
    for parts in _deal(count, dice):
        caption, stated = _write(parts, attributes, dice)
        while caption in captions:
            caption, stated = _write(parts, attributes, dice)
        captions.append(caption)
        mentions.append(stated)
    return tuple(captions), tuple(mentions)
