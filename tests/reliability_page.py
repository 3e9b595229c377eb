"""Tables of `docs/reliability.md`, which the harnesses write themselves: no figure by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"


def write_section(name: str, text: str, page: Path = PAGE) -> None:
    """Replace what stands between `<!-- name -->` and `<!-- /name -->`, which must be there."""
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.S)
    content = page.read_text(encoding="utf-8")
    assert len(pattern.findall(content)) == 1, f"{page} has no place for {name}"
    page.write_text(
        pattern.sub(lambda found: f"{found[1]}{text.rstrip()}\n{found[2]}", content), "utf-8"
    )


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of Markdown; numbers stand to the right."""
    rows = [list(row) for row in rows]
    right = [bool(rows) and all(_is_number(row[k]) for row in rows) for k in range(len(titles))]
    lines = [list(titles), ["---:" if number else "---" for number in right], *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) or bool(re.fullmatch(r"[-+]?[\d.,]+( ?%)?", str(cell)))
