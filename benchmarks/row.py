"""What a part found, and the table of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.bars import BARS
from benchmarks.turns import Timing

HEADINGS = ("", "plain", "birdsong", "figure", "bar", "reached", "memory, plain", "birdsong")
NOTE = """Times are medians, with the fastest and the slowest turn in brackets: for one image where
there are images. x: how many times faster birdsong is. Other figures are what they say."""


@dataclass(frozen=True)
class Row:
    """One line of the table. `key`: of the bar that `figure` is held against, if one is."""

    part: str
    case: str
    figure: float
    unit: str = "x"
    key: str | None = None
    plain: Timing | None = None
    ours: Timing | None = None
    remarks: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def reached(self) -> bool | None:
        """None where no bar stands."""
        bar = BARS.get(self.key or "")
        return None if bar is None else bar.reached(self.figure)

    def to_dict(self) -> dict[str, Any]:
        bar = BARS.get(self.key or "")
        about = asdict(self) | {"bar": None if bar is None else asdict(bar)}
        return about | {"reached": self.reached}

    def cells(self) -> tuple[str, ...]:
        """As in `HEADINGS`."""
        bar, reached = BARS.get(self.key or ""), {True: "yes", False: "NO", None: ""}[self.reached]
        shown = f"{self.figure:.2f}x" if self.unit == "x" else short(self.figure) + self.unit
        sides = (self.plain, self.ours)
        memory = [f"{side.memory / 2**30:.2f} GiB" if side else "" for side in sides]
        times = [span(side) if side else "" for side in sides]
        title = f"{self.part}: {self.case}"
        return (title, *times, shown, "" if bar is None else str(bar), reached, *memory)


def faster(part: str, case: str, plain: Timing, ours: Timing, key: str | None = None) -> Row:
    """How many times faster."""
    return Row(part, case, plain.seconds / ours.seconds, "x", key, plain, ours)


def table(rows: Sequence[Row]) -> str:
    """All rows, then what there is to say of some."""
    lines = aligned([HEADINGS, *(row.cells() for row in rows)])
    for row in rows:
        if row.remarks:
            lines += ["", f"{row.part}: {row.case}", *(f"  {line}" for line in row.remarks)]
    return "\n".join([*lines, "", NOTE])


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns, the first to the left and the rest to the right; a rule under the first row."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for title, *cells in rows:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join([title.ljust(widths[0]), *padded]).rstrip())
    lines.insert(1, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    return lines


def span(timing: Timing) -> str:
    """Median, fastest and slowest turn, in a unit that suits the median."""
    scale, unit = 1.0, "s"
    for factor, name in ((1e3, "ms"), (1e6, "us")):
        if timing.seconds * scale < 1:
            scale, unit = factor, name
    value, least, most = (
        short(scale * part) for part in (timing.seconds, timing.least, timing.most)
    )
    return f"{value} {unit} ({least}-{most})"


def short(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
