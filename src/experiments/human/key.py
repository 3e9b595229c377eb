"""The key of a page: which run made what is behind each code. Participants do not get it."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.file.bounded import read_bounded
from experiments.file.kind import is_whole
from experiments.file.parse import parse_json
from experiments.file.whole import write_json
from experiments.terminal.error import UserError

PLACE, KEY, PAGE = "human", "key.json", "index.html"
LETTERS = "ABCDEFGHIJKL"  # pictures of one caption
RANK, RATE = "rank", "rate"  # forms of a page: the best first, or a mark for each
REAL = "real"  # the name of what no run made
MOST = 10  # that a mark can be
MARKS = 3  # the best mark, as Chen et al. (2017) let people give
PAGE_ID = re.compile(r"[0-9a-f]{10}")
LIMIT = 50_000_000  # bytes


@dataclass(frozen=True)
class Run:
    """One that is ranked or marked: a name for tables, its folder, and images that it was trained
    on. Real pictures or sounds stand beside runs as `REAL`, which has no folder."""

    name: str
    folder: Path
    images: int

    @property
    def place(self) -> str | None:
        """The folder, as files tell it."""
        return None if self.name == REAL else str(self.folder)


@dataclass(frozen=True)
class Key:
    """What the codes of a page mean.

    `codes`: for each caption, from left to right, the code of a picture -> index of its run.
    `form`: of the answers, `RANK` or `RATE`; marks go from 0 to `most`.
    """

    page: str
    runs: list[Run]
    captions: list[str]
    seeds: list[int]
    questions: list[str]
    codes: list[dict[str, int]]
    form: str = RANK
    most: int = MARKS


def arranged(captions: int, runs: int, seed: int) -> list[list[int]]:
    """For each caption the runs from left to right.

    Rows of Latin squares whose rows, columns and letters are shuffled: over each `runs` captions
    every run stands at every place once, and over all captions the counts differ by one at most.
    """
    random_ = random.Random(f"order {seed}")
    rows: list[list[int]] = []
    while len(rows) < captions:
        shift, place, run = (random_.sample(range(runs), runs) for _ in range(3))
        rows += [[run[(row + column) % runs] for column in place] for row in shift]
    return rows[:captions]


def coded(page: str, runs: list[Run], orders: list[list[int]]) -> list[dict[str, int]]:
    """A code for every picture, which says nothing to those who do not know the folders."""
    found: list[dict[str, int]] = []
    for number, order in enumerate(orders):
        made = {}
        for index in order:
            text = repr((page, number, runs[index].name, runs[index].images))
            made[hashlib.sha256(text.encode()).hexdigest()[:12]] = index
        assert len(made) == len(order), "two pictures of a caption have one code"
        found.append(made)
    return found


def write_key(key: Key, folder: Path) -> Path:
    """`key.json` in the folder of the page."""
    runs = [{"name": run.name, "folder": run.place, "images": run.images} for run in key.runs]
    content = {
        "page": key.page,
        "form": key.form,
        "questions": key.questions,
        "most": key.most,
        "seeds": key.seeds,
        "runs": runs,
        "captions": [
            {"text": text, "pictures": {code: runs[index]["name"] for code, index in codes.items()}}
            for text, codes in zip(key.captions, key.codes, strict=True)
        ],
    }
    write_json(folder / KEY, content)
    return folder / KEY


def read_key(path: Path) -> Key:
    """What `write_key` wrote. Raises `UserError` where the file is damaged."""
    try:
        return _key(parse_json(read_bounded(path, LIMIT)))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise UserError(f"{path}: is damaged; write the page again by task=human_study") from None


def _key(content: Mapping[str, Any]) -> Key:
    runs = [Run(str(r["name"]), Path(r["folder"] or ""), int(r["images"])) for r in content["runs"]]
    names = {run.name: index for index, run in enumerate(runs)}
    codes = [
        {str(code): names[name] for code, name in caption["pictures"].items()}
        for caption in content["captions"]
    ]
    if not codes or any(sorted(row.values()) != list(range(len(runs))) for row in codes):
        raise ValueError("every caption has one picture of each run")
    captions = [str(caption["text"]) for caption in content["captions"]]
    seeds = [int(seed) for seed in content["seeds"]]
    page = str(content["page"])
    if not PAGE_ID.fullmatch(page):
        raise ValueError("no page")
    if "question" in content:  # of a page that ranked by one
        return Key(page, runs, captions, seeds, [str(content["question"])], codes)
    questions = [str(question) for question in content["questions"]]
    form, most = content["form"], content["most"]
    if not questions or form not in (RANK, RATE) or not is_whole(most) or not 0 < most <= MOST:
        raise ValueError("no form that a page has")
    return Key(page, runs, captions, seeds, questions, codes, form, most)
