"""The functions that `conf/` uses in `${...}`."""

from __future__ import annotations

from typing import Any

from omegaconf import ListConfig


def resolutions(stages: int, first: int | None, last: int | None) -> ListConfig:
    """Sides of N stages that double, from the first or up to the last."""
    if (first is None) == (last is None):
        raise ValueError("give one of data.preset.first_resolution and data.preset.last_resolution")
    start = first if first is not None else int(last or 0) >> (stages - 1)
    return ListConfig([start << index for index in range(stages)])


def side(index: int, stages: int, first: int | None, last: int | None) -> int:
    """One of the sides that `resolutions` gives."""
    return int(resolutions(stages, first, last)[index])


def parts(sizes: list[int]) -> int:
    """Parts of a batch: two beyond 256 px, where a whole one needs more than 12 GB."""
    if not isinstance(sizes, list | ListConfig) or not sizes:
        raise ValueError("generator.resolutions: must be a list of sides, as [64, 128, 256]")
    return 2 if sizes[-1] > 256 else 1


def at_most(largest: int, value: int) -> int:
    """The value, or the largest that there may be."""
    return min(largest, value)


def when(condition: bool, value: Any) -> Any:
    """The value under a condition, else null."""
    return value if condition else None


def last(sizes: list[int]) -> int:
    """The largest of some resolutions."""
    return int(sizes[-1])


def drawn(side: int | None, sizes: list[int] | None) -> int:
    """The side of what a generator makes: of clips, or the largest of its pictures."""
    return last(sizes or []) if side is None else int(side)


def but_last(values: Any) -> Any:
    """A list without its last entry; one number for all stays."""
    return ListConfig(list(values)[:-1]) if isinstance(values, list | ListConfig) else values


def share(part: float, whole: int) -> int:
    """A part of a number, rounded down."""
    return int(part * whole)


def times(factor: int, number: int) -> int:
    """A width as a multiple of another."""
    return factor * number


def plus(first: int, second: int) -> int:
    """A width as the sum of two others."""
    return first + second


def samples(seconds: float, rate: int) -> int:
    """Of so much sound."""
    return round(seconds * rate)


def told(condition: str, sentence: int, mu: int | None) -> int:
    """Numbers that a discriminator is told of the text: those of the sentence, or of mu."""
    if condition == "mu" and not mu:
        raise ValueError("system.condition=mu: the generator has no conditioning augmentation")
    return int(mu or 0) if condition == "mu" else sentence


def judged(temporal: str) -> ListConfig:
    """The judges of TGANs-C: of motion where that is what holds frames together."""
    return ListConfig(["video", "frame", *(["motion"] if temporal == "adversarial" else [])])


def r1_weight(side: int, batch: int) -> float:
    """Half of gamma = 0.0002 side^2 / batch, the rule of StyleGAN2-ADA (Karras et al. 2020)."""
    return 0.0001 * side * side / batch


RESOLVERS = (
    *(resolutions, side, last, drawn, but_last, parts, at_most, when, share, times, plus, told),
    samples,
    judged,
    r1_weight,
)
