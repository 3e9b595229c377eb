"""Which words say what happens: verbs of motion and of doing, and directions.

A list of stems and a rule of endings find them without a tagger (this project's choice: the source
of 2017 wishes for emphasis of action words and says not how they are found).
"""

from __future__ import annotations

from functools import cache

_VERBS = """
approach arrive ascend ask bend blink blow bounce bow break bring build burn call carry catch
chase clap climb close come cook crash crawl cross cry cut dance descend dive drag draw dribble
drift drink drive drop eat embrace enter exit fall fight fill flap flee flip float flow fly
follow gallop get give glance glide go grab hang hit hold hop hover hug hurry jog jump kick
kiss kneel land laugh lead lean leap leave lie lift listen look lower march meet mix move
nod open pass pause peck peel perch pet pick play point pour press pull punch push put
raise reach read ride rise roll rotate row run rush scratch scream shake shoot shout show sing
sit skate ski skip slap sleep slice slide slip smile sneak soar speak spin split stand stare
start step stir stop stretch stride stroke stroll swim swing take talk tap throw tilt touch
toss travel turn twist wait wake walk wander wash watch wave whisper wipe work write yell
"""

_DIRECTIONS = """
across ahead along apart around aside away backward backwards clockwise counterclockwise
diagonally down downward downwards fast forward forwards horizontally in inward inwards
left leftward leftwards off out outward outwards over past quickly right rightward rightwards
round sideways slowly straight through together toward towards under up upward upwards
vertically
"""

# Forms that no ending makes of their stem.
_FORMS = """
ate bent blew bought brought broke broken came caught drank drawn drew driven drove eaten fallen fed
fell flew flown fought gave given gone got held hung knelt laid lain lay leapt led left met ran rang
ridden risen rode rose sang sat shaken shook shot slept slid sped spoke spoken spun stood stuck sung
swam swept swum swung taken taught threw thrown told took torn went woke woken wrote written lying
"""
VERBS = frozenset(_VERBS.split())
DIRECTIONS = frozenset(_DIRECTIONS.split())
FORMS = frozenset(_FORMS.split())
VOWELS = frozenset("aeiou")


@cache
def is_action(word: str) -> bool:
    """Whether a word in lower case says what happens, or where to: `fly`, `flies`, `hopping`,
    `left`; not `bird`, `red`, `wing`."""
    if word in VERBS or word in DIRECTIONS or word in FORMS:
        return True
    return any(stem in VERBS for stem in _stems(word))


def _stems(word: str) -> list[str]:
    """What it may be a form of, by the endings -s, -es, -ies, -ing, -ed, -ied: with the letter e
    that was dropped, and with one of two consonants."""
    found: list[str] = []
    for ending, instead in (("ies", "y"), ("ied", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending):
            found.append(word.removesuffix(ending) + instead)
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < 2:
            continue
        found += [stem, stem + "e"]
        if stem[-1] == stem[-2] and stem[-1] not in VOWELS:
            found.append(stem[:-1])
    return found
