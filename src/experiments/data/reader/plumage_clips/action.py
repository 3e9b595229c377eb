"""What birds do: where they are and how they hold themselves at each moment of a clip.

Time runs from 0 at the first frame to 1 at the last, so that clips of 8 and of 32 frames show the
same. Places are shares of the picture, x to the right and y down. Everything is written for a bird
that goes or looks right; a clip to the left is its mirror image.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from experiments.data.reader.plumage.dice import Dice
from experiments.data.reader.plumage_clips.rig import Stance

ACTIONS = ("fly", "flap", "hop", "land", "take off", "peck", "turn")
DIRECTIONS = ("left", "right")
SPEEDS = ("slow", "fast")
FLIGHTS = ("straight", "wavy", "rising", "falling")
# The paths that an action can take; all but flights have one.
PATHS: dict[str, tuple[str, ...]] = {
    "fly": FLIGHTS,
    "flap": ("in place",),
    "hop": ("bouncing",),
    "land": ("falling",),
    "take off": ("rising",),
    "peck": ("in place",),
    "turn": ("in place",),
}
ALL_PATHS = (*FLIGHTS, "bouncing", "in place")
SCALES = {"small": 0.44, "medium": 0.49, "large": 0.54}  # of a bird's unit in the picture
BRANCH = 0.80  # height of the branch


@dataclass(frozen=True)
class Deed:
    """What a clip shows, and what is each bird's own: place, height, tempo and phase in [-1, 1]."""

    action: str
    speed: str
    path: str
    size: str
    place: float
    height: float
    tempo: float
    phase: float

    @property
    def fast(self) -> bool:
        return self.speed == "fast"

    @property
    def scale(self) -> float:
        """Of the bird's unit in the picture."""
        return SCALES[self.size]


@dataclass(frozen=True)
class Moment:
    """The place (x, y) of the feet, of a flying bird what would be its feet, and the stance."""

    x: float
    y: float
    stance: Stance


def deed_of(attributes: dict[str, str], dice: Dice) -> Deed:
    """The deed of a clip, with what its attributes leave open."""
    own = [dice.between(-1, 1) for _ in range(4)]
    action, speed, path = (attributes[name] for name in ("action", "speed", "path"))
    return Deed(action, speed, path, attributes["size"], *own)


def moment(deed: Deed, time: float) -> Moment:
    """What a bird that goes or looks right does at `time` in [0, 1]."""
    return DOINGS[deed.action](deed, time)


def smooth(time: float, start: float = 0.0, end: float = 1.0) -> float:
    """From 0 before `start` to 1 after `end`, without a jerk."""
    share = min(max((time - start) / (end - start), 0.0), 1.0)
    return share * share * (3 - 2 * share)


def _beat(cycles: float) -> float:
    """Of wings after so many beats: 1 raised, -0.8 lowered."""
    return 0.1 + 0.9 * math.cos(2 * math.pi * cycles)


def _fly(deed: Deed, time: float) -> Moment:
    way = (0.46 if deed.fast else 0.18) * (1 + 0.08 * deed.tempo)
    x = 0.5 + 0.03 * deed.place + way * (time - 0.5)
    rise, slope = 0.0, 0.0
    if deed.path == "wavy":
        wave = 2 * math.pi * 1.5 * time + (0 if deed.phase < 0 else math.pi)
        rise, slope = 0.10 * math.sin(wave), 0.30 * math.cos(wave)
    elif deed.path != "straight":
        sign = 1 if deed.path == "rising" else -1
        rise, slope = sign * 0.30 * (time - 0.5), sign * 0.30
    cycles = (4 if deed.fast else 2) * time + 0.5 * deed.phase
    bob = 0.012 * math.sin(2 * math.pi * cycles)
    middle = 0.54 + 0.05 * deed.height * (deed.path == "straight")
    stance = Stance(flight=1, spread=1, beat=_beat(cycles), tilt=-slope)
    return Moment(x, middle - rise + bob + 0.33 * deed.scale, stance)


def _flap(deed: Deed, time: float) -> Moment:
    beats = 4 if deed.fast else 2
    spread = smooth(time, 0, 0.10) * (1 - smooth(time, 0.93, 1))
    cycles = beats * time
    lift = 0.012 * spread * math.sin(2 * math.pi * cycles)
    stance = Stance(flight=0.14 * spread, spread=spread, beat=_beat(cycles), wag=0.10 * spread)
    return Moment(0.5 + 0.10 * deed.place, BRANCH - lift, stance)


def _hop(deed: Deed, time: float) -> Moment:
    hops = 4 if deed.fast else 2
    way = (0.42 if deed.fast else 0.22) * (1 + 0.08 * deed.tempo)
    done = min(time * hops, hops - 1e-9)
    share = done - math.floor(done)
    air = math.sin(math.pi * share)
    x = 0.5 + 0.03 * deed.place + way * ((math.floor(done) + smooth(share)) / hops - 0.5)
    squash = 1 + 0.07 * (1 - 2 * air) * (share > 0 or time > 0)
    stance = Stance(
        spread=0.10 * air, flight=0.10 * air, nod=0.10 * (0.5 - air), wag=0.20 * (air - 0.5),
        stretch=squash**0.5,
    )  # fmt: skip
    return Moment(x, BRANCH - 0.10 * air, stance)


def _land(deed: Deed, time: float) -> Moment:
    arrival = 0.45 if deed.fast else 0.88
    return _between(deed, 1 - min(time / arrival, 1.0), time, -1, arrival)


def _take_off(deed: Deed, time: float) -> Moment:
    start = 0.52 if deed.fast else 0.10
    away = max(time - start, 0.0) / (1 - start)
    found = _between(deed, away, time, 1, start)
    crouch = smooth(time, start - 0.14, start) * (1 - smooth(away, 0, 0.2))
    stance = replace(found.stance, stretch=1 + 0.10 * crouch, bow=0.25 * crouch)
    return Moment(found.x, found.y, stance)


def _between(deed: Deed, away: float, time: float, sign: int, at: float) -> Moment:
    """On the way from the branch (away 0) into the air (1), or back (sign -1)."""
    eased = away**1.3
    x = 0.5 + sign * (0.36 * eased - 0.11) + 0.03 * deed.place
    y = BRANCH - 0.37 * math.sin(math.pi / 2 * away ** (0.9 if sign > 0 else 1.1))
    spread = smooth(time, at - 0.1, at + 0.02) if sign > 0 else 1 - smooth(time, at, at + 0.12)
    flight = smooth(away, 0.0, 0.45)
    cycles = (5 if deed.fast else 4) * (time - at)
    tilt = -0.35 * math.sin(math.pi * min(away, 1.0)) if sign < 0 else -0.40 * smooth(away, 0, 0.4)
    stance = Stance(flight=flight, spread=spread, beat=_beat(cycles), tilt=tilt)
    return Moment(x, y, stance)


def _peck(deed: Deed, time: float) -> Moment:
    pecks = 4 if deed.fast else 2
    down = math.sin(math.pi * pecks * time) ** 2
    stance = Stance(bow=1.05 * down, nod=0.5 * down, wag=-0.15 * down)
    return Moment(0.46 + 0.06 * deed.place, BRANCH, stance)


def _turn(deed: Deed, time: float) -> Moment:
    half = 0.13 if deed.fast else 0.38
    middle = 0.5 + 0.08 * deed.phase
    turned = smooth(time, middle - half, middle + half)
    facing = -math.cos(math.pi * turned)
    facing = math.copysign(max(abs(facing), 0.35), facing)
    lift = math.sin(math.pi * turned)
    stance = Stance(facing=facing, nod=-0.08 * lift, spread=0.06 * lift)
    return Moment(0.5 + 0.06 * deed.place, BRANCH - 0.035 * lift, stance)


DOINGS: dict[str, Callable[[Deed, float], Moment]] = {
    "fly": _fly,
    "flap": _flap,
    "hop": _hop,
    "land": _land,
    "take off": _take_off,
    "peck": _peck,
    "turn": _turn,
}
