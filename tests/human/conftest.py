"""A page of three runs and the answers that people save on it, without any network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.human.answers import FORMAT
from experiments.human.key import PAGE, Key, Run, arranged, coded, write_key
from experiments.human.page import Shown, png, render

NAMES = ("gan-plumage/0123456789", "attngan-plumage/abcdef0123", "damsmless-plumage/42")
PAGE_ID = "00aa11bb22"


def make_key(
    captions: int = 4, runs: int = 3, page: str = PAGE_ID, seed: int = 0, **more: Any
) -> Key:
    """A page with as many captions and runs."""
    listed = [Run(NAMES[n], Path("/home/ada/outputs") / NAMES[n], 8 * n) for n in range(runs)]
    texts = [f"a bird with {number} </script><b>wings</b>" for number in range(captions)]
    codes = coded(page, listed, arranged(captions, runs, seed))
    return Key(
        page, listed, texts, [5], more.pop("questions", ["Which is the best?"]), codes, **more
    )


def make_page(key: Key) -> str:
    """The pictures are of one colour each: red says which run, green which caption."""
    drawn = [
        [
            [Shown(picture=png(np.full((4, 4, 3), (90 * run, 20 * number, 0), np.uint8)))]
            for run in range(len(key.runs))
        ]
        for number in range(len(key.captions))
    ]
    return render(key, drawn)


def make_answers(key: Key, ranks: list[list[int]], person: str = "ada", **more: Any) -> dict:
    """What the page saves; `ranks`: for each caption those of run 0, 1, ..."""
    rows = [
        {
            "caption": number,
            "given": [{code: given[run] for code, run in codes.items()}],
            "seconds": 2.5 * number,
        }
        for number, (codes, given) in enumerate(zip(key.codes, ranks, strict=True), 1)
    ]
    saved = "2026-01-02T03:04:05.678Z"
    content = {"format": FORMAT, "page": key.page, "participant": person, "saved": saved}
    return content | {"answers": rows} | more


@pytest.fixture
def key() -> Key:
    return make_key()


@pytest.fixture
def folder(key: Key, tmp_path: Path) -> Path:
    """The folder of a page, with its key."""
    place = tmp_path / "outputs" / "human" / key.page
    place.mkdir(parents=True)
    write_key(key, place)
    (place / PAGE).write_text(make_page(key))
    return place


@pytest.fixture
def save(key: Key, folder: Path) -> Callable[..., Path]:
    """`save(name, ranks, person=, **more)`: a file beside the key."""

    def write(name: str, ranks: list[list[int]], person: str = "ada", **more: Any) -> Path:
        path = folder / name
        path.write_text(json.dumps(make_answers(key, ranks, person, **more)))
        return path

    return write
