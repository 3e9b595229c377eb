"""Pages: their links lead somewhere, their commands name what there is, and README stays short."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "outputs" / "README.md"])
LINK = re.compile(r"\]\(([^)\s]+)\)")
CHOICE = re.compile(r"\b(model|data|experiment|debug|tracker|study)=([a-z]\w*(?:[,|][a-z]\w*)*)")
GROUPS = {"study": ROOT / "sweeps"}
FILE = re.compile(r"`((?:\w+/)+\w+\.(?:py|yaml|j2))`")
PLACES = (ROOT, ROOT / "src" / "experiments")
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


@cache
def anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub makes them: lower case, hyphens for blanks, no other signs."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    found: set[str] = set()
    for title in re.findall(r"^#+ (.+)$", text, re.M):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        assert anchor not in found, f"{page.name}: two headings are named {title}"
        found.add(anchor)
    return found


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue  # another site
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{link} is not there"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_files_that_are_named_are_there(page: Path) -> None:
    for name in FILE.findall(page.read_text(encoding="utf-8")):
        if Path(name).stem.removeprefix("test_") != "mine":  # what a reader is told to write
            assert any((place / name).exists() for place in PLACES), f"{name} is not there"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_name_what_there_is(page: Path) -> None:
    for line in page.read_text(encoding="utf-8").splitlines():
        if not line.startswith("    ") or "run.py" not in line:
            continue
        for group, names in CHOICE.findall(line):
            folder = GROUPS.get(group, ROOT / "conf" / group)
            if f"{group}=glob(" in line:  # a pattern, which tests/config/test_glob.py reads
                continue
            for name in re.split("[,|]", names):
                assert (folder / f"{name}.yaml").exists(), f"{group}={name} in: {line.strip()}"


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = set(LINK.findall((ROOT / "docs" / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in ROOT.glob("docs/*.md")} - {"README.md"} <= listed


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
