"""What stands in foreign files does not become markup in cards, reports and tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from experiments.export.card import card_of
from experiments.report.answers import answers_of
from experiments.report.member import members_of, readable
from experiments.report.page import Pictures, render
from experiments.report.plain import markdown_text
from experiments.report.record import arms_of, read
from experiments.report.write import OPTIONS, state_of
from experiments.terminal.error import UserError
from tests.fuzz.targets.runs import WHOLE, make_run

MARKUP = "<img src=x onerror=alert(7)>"
TEXTS = (MARKUP, f"`{MARKUP}`", f"``` \n```\n{MARKUP}\n", f"|\n\n# {MARKUP}\n", f"](x) {MARKUP}")
MOST = 16  # places of a file that are tried
FILES = ("run.json", "config.yaml", "facts.json", "scores.json", "environment.json", "git.json")


def texts_in(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every text, and of every name, in a value."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield (*path, key, None)
            yield from texts_in(value, (*path, key))
    elif isinstance(node, list):
        for key, value in enumerate(node):
            yield from texts_in(value, (*path, key))
    elif isinstance(node, str):
        yield path


def put(node: Any, path: tuple[Any, ...], text: str) -> None:
    """The text at a place; a place that ends in None is the name itself."""
    *above, last = path if path[-1] is not None else path[:-1]
    for key in above:
        node = node[key]
    if path[-1] is None:
        node[text] = node.pop(last)
    else:
        node[last] = text


def outside_code(markdown: str) -> str:
    """Markdown without what it shows verbatim."""
    without = re.sub(r"^(```+)[^\n`]*\n.*?^\1$", "", markdown, flags=re.S | re.M)
    return re.sub(r"(?<!`)`[^`\n]+`(?!`)", "", without)


@pytest.mark.parametrize("name", FILES)
def test_no_text_of_a_file_is_markup(tmp_path: Path, name: str) -> None:
    other = make_run(tmp_path / "gan_cls-cub" / "1111111111")
    place = make_run(tmp_path / "gan_cls-cub" / "0123456789")
    load = yaml.safe_load if name.endswith(".yaml") else json.loads
    tried = 0
    places = list(texts_in(load(WHOLE[name])))
    for path in places[:: 1 + len(places) // MOST]:
        content = load(WHOLE[name])
        put(content, path, TEXTS[tried % len(TEXTS)])
        tried += 1
        dump = yaml.safe_dump if name.endswith(".yaml") else json.dumps
        (place / name).write_text(dump(content))
        try:
            card = card_of(place)
            front, _, body = card.removeprefix("---\n").partition("---\n\n")
            assert isinstance(yaml.safe_load(front), dict), path
            assert MARKUP not in outside_code(body), (path, body)
        except UserError:
            pass
        if tried % 8:  # a report takes most of the time
            continue
        folders, _ = readable([place, other])
        records = [read(member) for member in members_of(folders)]
        arms = arms_of(records)
        answers = answers_of(arms, {**OPTIONS, "resamples": 10})
        state = state_of(records)
        page = render("all", None, state, arms, answers, Pictures([], {}, None), 0.95)
        assert MARKUP not in page, path
        told = markdown_text("all", None, state, arms, answers, 0.95)
        assert not re.search(r"(?<!\\)<img", told), path
    assert tried > 3
