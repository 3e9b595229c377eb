"""How arms are told apart in curves: colour, then dashes, then widths; and the page's style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.report.compare import Factor
from experiments.report.record import Arm

# For light and dark paper, in pairs; distinct for eyes that do not tell red from green.
COLOURS = (
    ("#0068b0", "#5bb0f0"),
    ("#cc5200", "#ff9548"),
    ("#008a63", "#3ecfa3"),
    ("#b04f8c", "#eb9bcd"),
    ("#8a6d00", "#dcb93c"),
    ("#5f43a5", "#b09cf2"),
    ("#3f8fb5", "#8fd3ee"),
    ("#4a4a4a", "#c8c8c8"),
)
DASHES = ("", "6 3", "2 2.5", "9 3 2 3")
WIDTHS = ("1.3", "2.6", "0.7")


@dataclass(frozen=True)
class Look:
    """Of an arm: indices of its colour, dashes and width."""

    colour: int
    dash: int = 0
    width: int = 0


@dataclass(frozen=True)
class Entry:
    """Of a legend: what it says, whom it stands for, and how they look."""

    text: str
    arms: tuple[int, ...]
    look: Look


def looks_of(
    arms: Sequence[Arm], factors: Sequence[Factor]
) -> tuple[list[Look], list[list[Entry]]]:
    """The look of every arm, and legends that explain it.

    Up to eight arms have a colour each. More are told by what varies: colour, dashes and widths
    stand for a factor each; what is left looks alike, and shows when it is pointed at.
    """
    if len(arms) <= len(COLOURS):
        looks = [Look(arm.index) for arm in arms]
        legend = [Entry(arm.name, (arm.index,), looks[arm.index]) for arm in arms]
        return looks, [legend]
    kinds = [("colour", len(COLOURS)), ("dash", len(DASHES)), ("width", len(WIDTHS))]
    chosen: list[tuple[str, Factor]] = []
    for factor in sorted(factors, key=lambda factor: -len(factor.levels)):
        for kind, room in kinds:
            if len(factor.levels) <= room and kind not in [name for name, _ in chosen]:
                chosen.append((kind, factor))
                break
    looks, legends = [], []
    for arm in arms:
        places = {kind: f.levels.index(f.level(arm.settings)) for kind, f in chosen}
        looks.append(Look(**({"colour": 7} | places)))
    for kind, factor in chosen:
        legend = []
        for place, level in enumerate(factor.levels):
            alike = tuple(arm.index for arm in arms if factor.level(arm.settings) == level)
            look = Look(**({"colour": 7} | {kind: place}))
            legend.append(Entry(f"{factor.name} {', '.join(level)}", alike, look))
        legends.append(legend)
    return looks, legends


def rules(looks: Sequence[Look]) -> str:
    """The part of the style sheet that is made for these arms."""
    lines = [
        f":root{{{_colours(0)}}}",
        f"@media (prefers-color-scheme:dark){{:root{{{_colours(1)}}}}}",
    ]
    lines.append(f"@media print{{:root{{{_colours(0)}}}}}")
    for index, look in enumerate(looks):
        lines.append(f".a{index}{{{drawn_as(look)}}}")
    return "\n".join(lines)


def drawn_as(look: Look) -> str:
    """Properties that lines and bands take from what they stand in."""
    dash = DASHES[look.dash]
    return (
        f"--c:var(--c{look.colour});stroke-width:{WIDTHS[look.width]}"
        f"{f';stroke-dasharray:{dash}' if dash else ''}"
    )


def _colours(paper: int) -> str:
    return ";".join(f"--c{index}:{pair[paper]}" for index, pair in enumerate(COLOURS))
