"""What is said of a filmed bird: the colours of two or three parts, and what happens.

    a {size} {colours} bird with {parts} {slowly|quickly} {does} {path} {where}

A caption always says the action and the direction, about half of them the speed, and of flights
half the path. Parts are dealt like cards, so each is named equally often; beak and legs are not
named, since in a clip of 64 px they are a pixel or two. What is said is in the pixels, word by
word.
"""

from __future__ import annotations

from experiments.data.reader.plumage.dice import Dice

NAMED = ("crown", "back", "breast", "belly", "wing", "tail")
NOUNS = {
    "crown": ("crown", "cap"),
    "back": ("back",),
    "breast": ("breast", "chest"),
    "belly": ("belly",),
    "wing": ("wings",),
    "tail": ("tail",),
}
# Of each action, how it is said: {s} is the speed, {w} the direction, {p} the path of a flight.
VERBS: dict[str, tuple[str, ...]] = {
    "fly": ("{s}flies{p} {w}",),
    "flap": ("{s}flaps its wings, facing {d}", "{s}beats its wings on a branch, facing {d}"),
    "hop": ("{s}hops {w}", "{s}hops along a branch {w}"),
    "land": ("{s}lands on a branch, flying {t}", "{s}comes down on a branch, flying {t}"),
    "take off": ("{s}takes off {t}", "{s}takes off from a branch {t}"),
    "peck": ("{s}pecks at a branch, facing {d}", "{s}pecks, facing {d}"),
    "turn": ("{s}turns {t}", "{s}turns around {t}"),
}
ADVERBS = {"slow": ("slowly ",), "fast": ("quickly ",)}
FLIGHT = {
    "straight": " straight",
    "wavy": " in waves",
    "rising": " upwards",
    "falling": " downwards",
}
ACROSS = {"right": "from left to right", "left": "from right to left"}


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


def _deal(count: int, dice: Dice) -> list[list[str]]:
    """The parts of each caption: three for one in two, else two."""
    deck: list[str] = []
    hands = []
    for number in range(count):
        hand: list[str] = []
        while len(hand) < 2 + number % 2:
            if not deck:
                deck = dice.shuffled(NAMED)
                deck.sort(key=hand.__contains__)
            hand.append(deck.pop(0))
        hands.append(hand)
    return hands


def _write(parts: list[str], attributes: dict[str, str], dice: Dice) -> tuple[str, tuple[str, ...]]:
    """One caption, and the attributes that it states."""
    stated = ["action", "direction"]
    speed = path = ""
    if dice.random() < 0.5:
        speed = dice.pick(ADVERBS[attributes["speed"]])
        stated.append("speed")
    if attributes["action"] == "fly" and dice.random() < 0.5:
        path = FLIGHT[attributes["path"]]
        stated.append("path")
    subject, named = _subject(parts, attributes, dice)
    side = attributes["direction"]
    said = dice.pick(VERBS[attributes["action"]]).format(
        s=speed, p=path, w=ACROSS[side], d=side, t=f"to the {side}"
    )
    return f"{subject} {said}", (*named, *stated)


def _subject(
    parts: list[str], attributes: dict[str, str], dice: Dice
) -> tuple[str, tuple[str, ...]]:
    """`a red bird with black wings` where breast and belly are red and one of them is to be named,
    else `a bird with a red breast and black wings`."""
    named = list(parts)
    body = attributes["breast"]
    whole = body == attributes["belly"] and {"breast", "belly"} & set(parts)
    article = dice.pick(("a", "a", "the"))
    if not whole:
        return f"{article} bird with {_phrases(parts, attributes, dice)}", tuple(named)
    rest = [part for part in parts if part not in ("breast", "belly")]
    named = [*rest, "breast", "belly"]
    if article == "a" and body[0] in "aeiou":
        article = "an"
    subject = f"{article} {body} bird"
    if rest:
        subject += f" with {_phrases(rest, attributes, dice)}"
    return subject, tuple(named)


def _phrases(parts: list[str], attributes: dict[str, str], dice: Dice) -> str:
    """`a red crown, a black tail and white wings`."""
    found = []
    for part in parts:
        noun, colour = dice.pick(NOUNS[part]), attributes[part]
        one = "" if noun == "wings" else "an " if colour[0] in "aeiou" else "a "
        found.append(f"{one}{colour} {noun}")
    return found[0] if len(found) == 1 else ", ".join(found[:-1]) + f" and {found[-1]}"
