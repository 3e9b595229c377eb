"""Texts of somebody else in Markdown: shown as they are, in one line, whatever is in them."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence


def plain(text: object) -> str:
    """Without any markup."""
    line = html.escape(" ".join(str(text).split()), quote=False)
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", line)


def code(text: object) -> str:
    """Verbatim, between marks that do not stand in it."""
    line = " ".join(str(text).split())
    marks = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    space = " " if not line or "`" in (line[0], line[-1]) else ""
    return f"{marks}{space}{line}{space}{marks}"


def cell(text: str) -> str:
    """In a row of a table, where addresses stay links."""
    return html.escape(" ".join(text.split()), quote=False).replace("|", "\\|")


def block(text: str, language: str) -> str:
    """Lines verbatim, whatever is in them."""
    fence = "```"
    while fence in text:
        fence += "`"
    return "\n".join([f"{fence}{language}", *text.splitlines(), fence])


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, the first row its head; texts without markup."""
    head, *others = ["| " + " | ".join(map(plain, row)) + " |" for row in rows]
    return [head, "|" + " --- |" * len(rows[0]), *others]
